// Every page and mail as files, written by "caddy login-wall preview" of a fresh build.

import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { run } from './process.mjs';
import { caddyBinary } from './wall.mjs';

const words = fileURLToPath(new URL('../../pages/words/', import.meta.url));
const caddyfile = fileURLToPath(new URL('../preview.caddyfile', import.meta.url));
const logo = fileURLToPath(new URL('../logo.svg', import.meta.url));

/** The tags of all built-in languages, English first. */
export async function builtInLanguages() {
	const tags = (await readdir(words)).filter((name) => name.endsWith('.json')).map((name) => name.slice(0, -5));
	return ['en', ...tags.filter((tag) => tag !== 'en').sort()];
}

/**
 * Writes a preview and returns {languages, documents, remove}. A document is a page or mail: {language, kind, name, path,
 * url}, where kind is 'page' or 'mail'. `config` is another Caddyfile than preview.caddyfile.
 */
export async function startPreview({ config = caddyfile } = {}) {
	const built = await builtInLanguages();
	const directory = await mkdtemp(join(tmpdir(), 'loginwall-preview-'));
	const remove = () => rm(directory, { recursive: true, force: true });
	try {
		const written = await run(
			await caddyBinary(),
			['login-wall', 'preview', '--config', config, '--adapter', 'caddyfile', directory],
			{ cwd: dirname(config), env: { ...process.env, PREVIEW_LANGUAGES: built.join(' '), PREVIEW_LOGO: logo } },
		);
		assert.equal(written.status, 0, written.stderr);
		const documents = await listDocuments(directory);
		return { languages: [...new Set(documents.map(({ language }) => language))], documents, remove };
	} catch (error) {
		await remove();
		throw error;
	}
}

async function listDocuments(directory) {
	const documents = [];
	for (const name of (await readdir(directory, { recursive: true })).sort()) {
		const [, language, kind, state] = /^([^/]+)\/(page|mail)\/(.+)\.html$/.exec(name) ?? [];
		const path = join(directory, name);
		if (state) documents.push({ language, kind, name: state, path, url: pathToFileURL(path).href });
	}
	return documents;
}
