#!/usr/bin/env bash
# The one script of this repository.
#
#   ./xcaddy.sh        builds ./caddy: Caddy with the login wall in it
#   ./xcaddy.sh run    builds if needed and runs the example in ./Caddyfile; mails and phone codes appear here
#   ./xcaddy.sh test   installs what the tests need where it may (Debian, root), then runs all of them; without, it says
#                      what is missing, runs what it can and fails
#
# Building and running need Go and nothing else.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

caddy_version=v2.11.9
xcaddy_version=v0.4.5
module=github.com/loginwall/loginwall

# Where the example keeps everything it writes; the Caddyfile names the directories below it.
state=.loginwall
site_port=8080
admin_port=2019
example_account=demo@example.com

say() { printf '%s\n' "$*"; }
die() { printf '%s\n' "xcaddy.sh: $*" >&2; exit 1; }

# ---- build ----------------------------------------------------------------------------------------------------------

build() {
	command -v go >/dev/null || die "Go is missing; see https://go.dev/dl/ (go.mod names the version)"
	say "Building ./caddy (Caddy $caddy_version). The first time takes some minutes."
	# The module need not be published: whatever the proxy says about it, the replacement is used. A list with "|"
	# goes on after any error, where "," would stop.
	local proxy
	proxy=$(go env GOPROXY)
	GOPROXY="${proxy%%[,|]*}|off" XCADDY_GO_BUILD_FLAGS="-trimpath -ldflags='-w -s'" \
		go run "github.com/caddyserver/xcaddy/cmd/xcaddy@$xcaddy_version" build "$caddy_version" \
		--with "$module/caddymodule" --replace "$module=$PWD" --output ./caddy
}

build_if_needed() {
	if [[ -x caddy && -z $(find go.mod go.sum xcaddy.sh caddymodule pages policy \
		-type f ! -name '*_test.go' -newer caddy -print) ]]; then
		return
	fi
	build
}

# ---- run ------------------------------------------------------------------------------------------------------------

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }
alive() { kill -0 "$1" 2>/dev/null; }

# captured lists the mails and codes that have been written so far, oldest first.
captured() { ls -1tr "$state"/mail/* "$state"/phone/* 2>/dev/null || true; }

# readable prints a captured message as a person would read it: of a mail only for whom it is, the subject and the plain
# text, with the escapes of quoted-printable undone.
readable() {
	local text part line
	text=$(<"$1")
	text=${text//$'\r'/}
	if [[ $1 != *.eml ]]; then
		printf '%s\n' "$text"
		return
	fi
	while IFS= read -r line && [[ -n $line ]]; do
		case $line in To:* | Subject:*) printf '%s\n' "$line" ;; esac
	done <<<"$text"
	if [[ $text == *$'\n--'* ]]; then
		# The first part: its header ends at an empty line, and itself where the next part begins.
		part=${text#*$'\n--'}
		part=${part#*$'\n\n'}
		part=${part%%$'\n--'*}
	else
		part=${text#*$'\n\n'}
	fi
	if [[ ${text%"$part"*} == *quoted-printable* ]]; then
		part=${part//$'=\n'/}
		part=${part//\\/\\\\}
		part=${part//=/\\x}
	else
		part=${part//\\/\\\\}
	fi
	printf '\n%b\n' "$part"
}

# show_new prints each captured message that has not been printed yet. $seen is the list of those that have.
seen=$'\n'
show_new() {
	local file
	while IFS= read -r file; do
		[[ -z $file || $seen == *$'\n'"$file"$'\n'* ]] && continue
		seen+=$file$'\n'
		printf '\n---- %s\n' "$file"
		readable "$file"
		printf -- '----\n'
	done < <(captured)
}

# setup_link prints the set-up link of the newest captured mail that has one.
setup_link() {
	local file text link=""
	while IFS= read -r file; do
		[[ -n $file ]] || continue
		text=$(readable "$file")
		if [[ $text =~ https?://[^[:space:]\"\<\>]+/setup\?token=[A-Za-z0-9._~-]+ ]]; then
			link=${BASH_REMATCH[0]}
		fi
	done < <(captured)
	printf '%s' "$link"
}

# create_example adds the example account on the first start and prints how to get in.
create_example() {
	local tries link=""
	if ! ./caddy login-wall user show "$example_account" >/dev/null 2>&1; then
		./caddy login-wall user add "$example_account" --phone +12025550123 --name "Demo Person" --group billing
		for ((tries = 0; tries < 100; tries++)); do
			link=$(setup_link)
			[[ -n $link ]] && break
			sleep 0.2
		done
		[[ -n $link ]] || die "the invitation of $example_account has not been written to $state/mail"
	fi
	say
	say "  The example is running. Open http://localhost:$site_port"
	if [[ -n $link ]]; then
		say "  First set up the account $example_account with this link:"
		say
		say "  $link"
	else
		say "  Sign in as $example_account; \"Forgot Password\" sends a new link, which appears here."
	fi
	say
	say "  Every mail and every code appears below and in $state/. Caddy's log is $state/caddy.log. Ctrl-C ends it."
}

run() {
	build_if_needed
	local port file
	for port in $site_port $admin_port; do
		listening "$port" && die "port $port is taken by another program; end it and try again"
	done
	# What is captured holds live links and codes: nobody else on this machine may read it.
	(umask 077 && mkdir -p "$state")
	while IFS= read -r file; do seen+=$file$'\n'; done < <(captured)

	# Caddy gets a process group of its own, so that a Ctrl-C reaches it once, from here. Its own files stay below
	# $state, away from any other Caddy of this user.
	set -m
	XDG_DATA_HOME=$PWD/$state XDG_CONFIG_HOME=$PWD/$state \
		./caddy run --config Caddyfile >"$state/caddy.log" 2>&1 </dev/null &
	caddy=$!
	set +m
	trap 'kill -TERM "$caddy" 2>/dev/null || true' INT TERM HUP
	trap 'kill -TERM "$caddy" 2>/dev/null && wait "$caddy" || true' EXIT

	local tries status=0
	for ((tries = 0; tries < 300; tries++)); do
		listening $admin_port && listening $site_port && break
		alive "$caddy" || break
		sleep 0.1
	done
	if alive "$caddy"; then
		create_example
		while alive "$caddy"; do
			show_new
			sleep 1 || true
		done
	else
		tail -n 20 "$state/caddy.log" >&2
	fi
	wait "$caddy" || status=$?
	trap - EXIT
	exit "$status"
}

# ---- test -----------------------------------------------------------------------------------------------------------

# What the tests need: a program (or file) and the Debian package that has it.
needs=(
	gcc:gcc git:git curl:curl
	redis-server:redis-server
	chromium:chromium firefox-esr:firefox-esr
	postfix:postfix
	bearerbox:kannel /usr/lib/kannel/test/fakesmsc:kannel-extras
	dovecot:dovecot-imapd /usr/lib/dovecot/imap:dovecot-imapd
	php:php-cli sqlite3:sqlite3
	/var/lib/roundcube/public_html:roundcube-core
	/usr/share/dbconfig-common/data/roundcube/install/sqlite3:roundcube-sqlite3
	/usr/share/roundcube/plugins/http_authentication:roundcube-plugins
	node:nodejs npm:npm
)

missing_packages() {
	local need
	for need in "${needs[@]}"; do
		case $need in
		/*) [[ -e ${need%:*} ]] ;;
		*) PATH=$PATH:/usr/sbin:/sbin command -v "${need%:*}" >/dev/null ;;
		esac || printf '%s\n' "${need#*:}"
	done | sort -u
}

# install_needs installs what is missing where it may, and leaves the rest in $absent. Browser tests also need a Node.js
# that is new enough, and their own packages.
absent=()
install_needs() {
	mapfile -t absent < <(missing_packages)
	if ((${#absent[@]})) && [[ -e /etc/debian_version && $EUID == 0 ]]; then
		say "Installing ${absent[*]}"
		# Nothing is asked, and no installed server is started: the tests start their own.
		export DEBIAN_FRONTEND=noninteractive
		if ! { apt-get update -q && RUNLEVEL=1 apt-get install -y -q --no-install-recommends "${absent[@]}"; } >/dev/null; then
			say "Not everything could be installed."
		fi
		mapfile -t absent < <(missing_packages)
	fi
	if ! lacks nodejs; then
		local node
		node=$(node --version)
		node=${node#v}
		((${node%%.*} >= 20)) || absent+=("nodejs (20 or later; this is $node)")
	fi
	((${#absent[@]} == 0)) || say "Missing, by the names of Debian's packages: ${absent[*]}" "What needs them is skipped."
}

# lacks names those of the given packages that are missing, and fails if there are none.
lacks() {
	local package missing found=()
	for package; do
		for missing in "${absent[@]}"; do
			[[ ${missing%% *} != "$package" ]] || found+=("$missing")
		done
	done
	((${#found[@]})) && printf '%s' "${found[*]}"
}

vet() {
	go vet ./...
	go mod tidy -diff
}

check_format() {
	local files
	files=$(find . -name node_modules -prune -o -name '*.go' -exec gofmt -l {} +)
	[[ -z $files ]] || { say "not formatted with gofmt:" "$files"; return 1; }
}

# check_vulnerabilities fails on what is found. Without the database it cannot tell, and is skipped aloud.
check_vulnerabilities() {
	local output status=0
	output=$(go tool govulncheck ./... 2>&1) || status=$?
	say "$output"
	if ((status == 1)) && [[ $output == *vuln.go.dev* || $output == *"fetching vulnerabilities"* ]]; then
		say "NOTE: the vulnerability database cannot be reached from here; nothing has been checked against it."
		return "$skipped"
	fi
	return "$status"
}

browser_tests() {
	cd e2e
	if [[ ! node_modules/.package-lock.json -nt package-lock.json ]]; then
		npm ci --no-audit --no-fund
	fi
	node --test --test-concurrency=1
}

skipped=77
passed_stages=0 failed_stages=0 skipped_stages=0 incomplete=0 summary="" result=""

# stage runs one part of the tests, whatever became of those before it, and leaves in $result what became of it.
stage() {
	local name=$1 status=0 began=$SECONDS
	shift
	printf '\n==== %s\n' "$name"
	# In a process of its own with errexit on: a function called in a condition would go on after an error.
	set +e
	(set -e; "$@")
	status=$?
	set -e
	case $status in
	0) result=passed; passed_stages=$((passed_stages + 1)) ;;
	"$skipped") result=SKIPPED; skipped_stages=$((skipped_stages + 1)) ;;
	*) result=FAILED; failed_stages=$((failed_stages + 1)) ;;
	esac
	summary+=$(printf '%-16s %-8s %5ds' "$name" "$result" $((SECONDS - began)))$'\n'
}

# skip says that a part of the tests does not run for want of something. The tests as a whole have not passed then.
skip() {
	skipped_stages=$((skipped_stages + 1)) incomplete=1
	summary+=$(printf '%-16s %-8s %s' "$1" SKIPPED "for want of $2")$'\n'
}

run_tests() {
	command -v go >/dev/null || die "Go is missing; see https://go.dev/dl/ (go.mod names the version)"
	local want
	install_needs
	stage format check_format
	# Compiled as the tests are, so that each package is compiled once for all of them.
	local flags=${GOFLAGS-}
	go tool staticcheck -version >/dev/null # builds it, with the usual flags
	local staticcheck
	staticcheck=$(go tool -n staticcheck)
	lacks gcc >/dev/null || export GOFLAGS="$flags -race"
	stage vet vet
	stage staticcheck "$staticcheck" ./...
	export GOFLAGS=$flags
	stage vulnerabilities check_vulnerabilities
	# Tests that start Caddy start this one; without, they build their own.
	stage build build
	[[ $result != passed ]] || export CADDY_BIN=$PWD/caddy

	# A server that should be there and is not fails its tests instead of skipping them. CI alone would ask for all.
	unset CI
	if want=$(lacks redis-server); then
		skip "redis tests" "$want"
	else
		export LOGINWALL_REQUIRE_REDIS=1
	fi
	if want=$(lacks postfix kannel kannel-extras dovecot-imapd php-cli sqlite3 roundcube-core roundcube-sqlite3 roundcube-plugins); then
		skip "service tests" "$want"
	elif ((EUID != 0)); then
		skip "service tests" "root, which some of the servers need"
	else
		export LOGINWALL_REQUIRE_SERVICES=1
	fi
	# Results are not taken from Go's cache, which does not know of the Caddy that is tested.
	if want=$(lacks gcc); then
		skip "race detector" "$want"
		stage "go tests" go test -count=1 -timeout 30m ./...
	else
		stage "go tests, race" go test -race -count=1 -timeout 30m ./...
	fi
	# The README's example has fixed ports, so nothing else may run beside it.
	if want=$(lacks git curl); then
		skip "README" "$want"
	else
		LOGINWALL_README=1 stage README go test -count=1 -timeout 30m -run TestCommands ./e2e/readme
	fi
	if want=$(lacks nodejs npm chromium firefox-esr); then
		skip "browser tests" "$want"
	else
		stage "browser tests" browser_tests
	fi
	printf '\n%s\n' "$summary"
	local counts="$passed_stages passed, $failed_stages failed"
	((skipped_stages == 0)) || counts+=", $skipped_stages skipped"
	say "$counts"
	((failed_stages == 0 && incomplete == 0))
}

case ${1-build} in
build) build ;;
run) run ;;
test) run_tests ;;
*) die "usage: ./xcaddy.sh [run | test]" ;;
esac
