// npm run pictures: a picture of every page and mail of the preview, in screenshots/preview/<browser>/<language>/.
//
// Words after it choose: browsers, languages, widths (any number) and light or dark; all others are parts of names. Of
// each kind several may be given, and none stands for all. CADDYFILE names another configuration.

import { mkdir, rm } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { launch, prefer, startPreview, whole } from './harness.mjs';

const folder = fileURLToPath(new URL('./screenshots/preview/', import.meta.url));

const preview = await startPreview({ config: process.env.CADDYFILE });
try {
	const chosen = choose(process.argv.slice(2), preview.languages);
	const documents = preview.documents.filter(
		({ language, kind, name }) =>
			chosen.languages.includes(language) &&
			(!chosen.names.length || chosen.names.some((part) => `${kind}/${name}`.includes(part))),
	);
	if (!documents.length) throw new Error(`no page or mail is called ${chosen.names.join(' or ')}`);
	if (documents.length === preview.documents.length) await rm(folder, { recursive: true, force: true });
	const began = Date.now();
	let count = 0;
	for (const kind of chosen.browsers) count += await (kind === 'firefox' ? firefox : chromium)(documents, chosen);
	console.log(`${count} pictures in ${((Date.now() - began) / 1000).toFixed(0)} s: ${folder}`);
} finally {
	await preview.remove();
}

function choose(words, languages) {
	const all = { browsers: ['chromium', 'firefox'], languages, schemes: ['light', 'dark'] };
	const chosen = { browsers: [], languages: [], schemes: [], widths: [], names: [] };
	for (const word of words) {
		const kind = Object.keys(all).find((k) => all[k].includes(word)) ?? (/^\d+$/.test(word) ? 'widths' : 'names');
		chosen[kind].push(kind === 'widths' ? Number(word) : word);
	}
	for (const kind of Object.keys(all)) if (!chosen[kind].length) chosen[kind] = all[kind];
	if (!chosen.widths.length) chosen.widths = [1280, 375];
	return chosen;
}

/** One browser shows all; several pages share the work. */
async function chromium(documents, { schemes, widths }) {
	const browser = await launch('chromium');
	const queue = [...documents];
	let count = 0;
	const work = async () => {
		const { page } = await browser.page();
		for (let d = queue.shift(); d; d = queue.shift()) {
			await page.goto(d.url);
			for (const width of widths) {
				await page.setViewport({ width, height: 900 });
				for (const scheme of schemes) {
					await prefer(page, scheme);
					await picture(page, 'chromium', d, width, scheme);
					count++;
				}
			}
		}
	};
	try {
		await Promise.all(Array.from({ length: availableParallelism() }, work));
	} finally {
		await browser.close();
	}
	return count;
}

/** Firefox is light or dark as long as it runs. */
async function firefox(documents, { schemes, widths }) {
	let count = 0;
	for (const scheme of schemes) {
		const browser = await launch('firefox', { scheme });
		try {
			const { page } = await browser.page();
			for (const width of widths) {
				await page.setViewport({ width, height: 900 });
				for (const d of documents) {
					await page.goto(d.url);
					await picture(page, 'firefox', d, width, scheme);
					count++;
				}
			}
		} finally {
			await browser.close();
		}
	}
	return count;
}

async function picture(page, browser, { language, kind, name }, width, scheme) {
	const path = `${folder}${browser}/${language}/${kind}/${name}-${width}-${scheme}.png`;
	await mkdir(dirname(path), { recursive: true });
	await page.screenshot({ path, ...whole(browser) });
}
