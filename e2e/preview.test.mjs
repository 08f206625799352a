// Every page and mail in every language, as the preview shows them: accessible, light and dark, narrow and wide, by
// keyboard, with wide spacing; and valid HTML.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { after, before, test } from 'node:test';
import { HtmlValidate, StaticConfigLoader } from 'html-validate';
import { audit, builtInLanguages, launch, prefer, startPreview } from './harness.mjs';
import { broken, clipped, spacing, tooWide, twice, walk, withStyle } from './harness/inspect.mjs';

// What is looked for, by the name its test has.
const axe = 'U-13 U-14 U-21: axe-core finds nothing, light and dark, at 1280 and 320 px';
const reflow = 'U-15: nothing is wider than 320 px, and no word on a button is broken';
const spaced = 'U-16: nothing is cut off with wide spacing or twice the size of text';
const order = 'U-08: Tab reaches everything, in the order in which it is read';
const obscured = 'U-11: nothing that has the focus is hidden, at 320 by 256 px';
const ring = 'U-12: what has the focus shows it';

const languages = await builtInLanguages();
let preview;
before(async () => (preview = await startPreview()));
after(() => preview?.remove());

// A mail is shown within the page of a mail program, which has the landmarks, and the subject as its heading.
const outsideOfMails = ['landmark-one-main', 'page-has-heading-one', 'region'];
const auditDocument = (page, { kind }) => audit(page, { without: kind === 'mail' ? outsideOfMails : [] });

const documentsIn = (language) => preview.documents.filter((d) => d.language === language);

test('the preview has every built-in language', () => {
	assert.deepEqual(preview.languages.toSorted(), languages.toSorted());
	const states = (language) => documentsIn(language).map(({ kind, name }) => `${kind}/${name}`);
	for (const language of languages) assert.deepEqual(states(language), states('en'));
	assert.ok(states('en').includes('page/login') && states('en').includes('mail/reset'), states('en').join(' '));
});

for (const language of languages) {
	test(`Chromium, ${language}`, { timeout: 900_000 }, async (t) => {
		const found = new Map([axe, reflow, spaced, order, obscured, ring].map((what) => [what, []]));
		const browser = await launch('chromium');
		t.after(() => browser.close());
		await eachDocument(documentsIn(language), async (queue) => {
			const visitor = await browser.page();
			for (let d = queue.shift(); d; d = queue.shift()) {
				const note = (what, lines, where = '') =>
					found.get(what).push(...lines.map((line) => `${d.kind}/${d.name}${where}: ${line}`));
				await visitor.open(d.url);
				await unfold(visitor.page);
				await inspect(visitor.page, d, note);
			}
			assert.deepEqual(visitor.complaints, []);
		});
		for (const [what, lines] of found) await t.test(what, () => assert.deepEqual(lines, []));
	});
}

/** Several pages share the work. */
async function eachDocument(documents, work) {
	const queue = [...documents];
	assert.ok(queue.length > 20, `${queue.length} documents`);
	await Promise.all(Array.from({ length: availableParallelism() }, () => work(queue)));
}

/** What is folded away is looked at, too. */
const unfold = (page) => page.$$eval('details', (all) => all.forEach((details) => (details.open = true)));

async function inspect(page, d, note) {
	for (const width of [1280, 320]) {
		await page.setViewport({ width, height: 900 });
		await prefer(page, 'light');
		note(axe, await auditDocument(page, d), ` light, ${width} px`);
		await prefer(page, 'dark'); // which changes colours and nothing else
		note(axe, await audit(page, { only: ['color-contrast'] }), ` dark, ${width} px`);
		note(spaced, await withStyle(page, spacing, () => clipped(page)), ` spaced, ${width} px`);
		note(reflow, await broken(page), ` ${width} px`);
	}
	note(reflow, await tooWide(page));
	note(spaced, await withStyle(page, spacing, () => tooWide(page)), ' spaced, 320 px');
	await page.setViewport({ width: 320, height: 256 });
	await prefer(page, 'light');
	const walked = await walk(page);
	note(order, [...walked.reached, ...walked.order]);
	note(obscured, walked.obscured);
	note(ring, walked.ring);
	if (d.kind === 'mail') return; // mail programs have sizes of their own
	await page.setViewport({ width: 1280, height: 900 });
	const large = () => Promise.all([tooWide(page), clipped(page)]);
	note(spaced, (await withStyle(page, twice, large)).flat(), ' twice as large');
}

for (const language of languages.filter((tag) => tag === 'en' || tag === 'ar')) {
	test(`U-13 U-14 U-21: Firefox, ${language}: axe-core finds nothing`, { timeout: 900_000 }, async (t) => {
		const browser = await launch('firefox');
		t.after(() => browser.close());
		const found = [];
		await eachDocument(documentsIn(language), async (queue) => {
			const { page } = await browser.page();
			for (let d = queue.shift(); d; d = queue.shift()) {
				await page.goto(d.url);
				await unfold(page);
				found.push(...(await auditDocument(page, d)).map((line) => `${d.kind}/${d.name}: ${line}`));
			}
		});
		assert.deepEqual(found, []);
	});
}

const validator = (rules) =>
	new HtmlValidate(new StaticConfigLoader({ root: true, extends: ['html-validate:recommended'], rules }));
const usual = {
	'tel-non-breaking': 'off', // the text beside a telephone number is the operator's
	'long-title': 'off', // the name of the practice is in each title, and is as long as it is
};
const validators = {
	page: validator(usual),
	mail: validator({
		...usual,
		'no-inline-style': 'off', // mail programs drop style sheets
	}),
};

test('every page and mail is valid HTML', { timeout: 120_000 }, async () => {
	const found = [];
	for (const { path, language, kind, name } of preview.documents) {
		const { results } = await validators[kind].validateString(await readFile(path, 'utf8'));
		for (const { line, ruleId, message } of results.flatMap(({ messages }) => messages)) {
			found.push(`${language}/${kind}/${name}:${line}: ${ruleId}: ${message}`);
		}
	}
	assert.deepEqual(found, []);
});
