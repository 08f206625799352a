#!/bin/sh
# Makes common.txt.gz from a list of passwords, most common first: sh make.sh LIST
#
# Kept are the 40,000 commonest of at least 8 characters, and all of at least 15, which is the default minimum; in
# lower case, because the comparison is; in printable ASCII, because the few others are damaged; in byte order, because
# the list is searched as it is.
set -eu
LC_ALL=C
export LC_ALL
awk '/^[!-~]+$/ && (length >= 15 || (length >= 8 && n < 40000 && ++n))' "$1" |
	tr A-Z a-z | sort -u | gzip -9n > "$(dirname "$0")/common.txt.gz"
