// The mails, texts and calls that "mail file" and "phone file" wrote instead of sending them.

import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

/** Returns the files of a directory as {file, content}, oldest first. A directory that is not there yet has none. */
export async function readSpool(directory) {
	const names = await readdir(directory).catch((error) => {
		if (error.code === 'ENOENT') return [];
		throw error;
	});
	const files = [];
	for (const name of names) {
		if (name.startsWith('.')) continue; // not whole yet
		const path = join(directory, name);
		files.push({ file: name, at: (await stat(path)).mtimeMs, content: await readFile(path, 'utf8') });
	}
	return files.sort((a, b) => a.at - b.at || a.file.localeCompare(b.file));
}

/** Parses a mail as {headers, to, subject, text, html}. Header names are in lower case. */
export function parseMail(raw) {
	const { headers, body } = split(raw);
	const parts = leaves(headers, body);
	const content = (type) => parts.find((part) => part.type === type)?.content ?? '';
	return {
		headers,
		to: headers.get('to') ?? '',
		subject: decodeWords(headers.get('subject') ?? ''),
		text: content('text/plain'),
		html: content('text/html'),
	};
}

/** Returns the link with a token that a mail holds, or throws. */
export function linkFrom(mail) {
	const link = mail.text.match(/https?:\/\/[^\s"<>]+\/(?:reset|setup)\?token=[\w.~-]+/);
	if (!link) throw new Error(`no link in the mail "${mail.subject}"`);
	return link[0];
}

/** Returns the six digits that a captured text or call holds, spoken one by one or written together, or throws. */
export function codeFrom(message) {
	const found = message.match(/#(\d{6})\b/) ?? message.match(/(?<![\d+])(?:\d[\s,.;]*){5}\d(?!\d)/);
	if (!found) throw new Error('no code in the captured message');
	return found[0].replace(/\D/g, '');
}

function split(raw) {
	const text = raw.replace(/\r\n/g, '\n');
	const end = text.indexOf('\n\n');
	const head = end < 0 ? text : text.slice(0, end);
	const headers = new Map();
	for (const line of head.replace(/\n[ \t]+/g, ' ').split('\n')) {
		const colon = line.indexOf(':');
		if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
	}
	return { headers, body: end < 0 ? '' : text.slice(end + 2) };
}

function leaves(headers, body) {
	const contentType = headers.get('content-type') ?? 'text/plain';
	const type = contentType.split(';')[0].trim().toLowerCase();
	const boundary = contentType.match(/boundary="?([^";]+)"?/i)?.[1];
	if (type.startsWith('multipart/') && boundary) {
		return `\n${body}`
			.split(`\n--${boundary}`)
			.slice(1, -1)
			.flatMap((part) => {
				const inner = split(part.replace(/^[ \t]*\n/, ''));
				return leaves(inner.headers, inner.body);
			});
	}
	return [{ type, content: decode(body, headers.get('content-transfer-encoding')) }];
}

function decode(body, encoding = '') {
	switch (encoding.toLowerCase()) {
		case 'base64':
			return Buffer.from(body, 'base64').toString('utf8');
		case 'quoted-printable':
			return unquote(body.replace(/[ \t]*=\n/g, (soft) => soft.slice(0, -2)));
		default:
			return body;
	}
}

function unquote(text) {
	const bytes = text.replace(/=([0-9A-F]{2})/gi, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
	return Buffer.from(bytes, 'latin1').toString('utf8');
}

function decodeWords(header) {
	return header
		.replace(/\?=\s+=\?/g, '?==?')
		.replace(/=\?utf-8\?(b|q)\?([^?]*)\?=/gi, (_, kind, text) =>
			kind.toLowerCase() === 'b' ? Buffer.from(text, 'base64').toString('utf8') : unquote(text.replace(/_/g, ' ')),
		);
}
