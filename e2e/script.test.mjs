// What the script of the pages adds, on a running wall: passwords that can be seen, requirements that are ticked off, a
// countdown, and times in the reader's own zone.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, launch, linkFrom, startPreview, startWall } from './harness.mjs';

const email = 'jo.public@example.com';
const password = 'Quiet harbour lantern 7';
const zone = 'Asia/Tokyo';

// Most of the time goes into the real wait for another code, so the browsers share it.
test('script', { concurrency: 2 }, async (t) => {
	await Promise.all(['chromium', 'firefox'].map((kind) => t.test(kind, { timeout: 180_000 }, (u) => tell(u, kind))));
});

async function tell(t, kind) {
	const wall = await startWall({ realm: 'password {\nrequire upper digit\n}' });
	t.after(() => wall.stop());
	const browser = await launch(kind, { zone });
	t.after(() => browser.close());
	const person = await browser.page();
	await person.open(linkFrom(await wall.invite(email)));
	await person.follow();
	const code = await wall.newestCode();
	await person.reopenUntil(/We have sent/);
	await t.test('U-07: the countdown opens the way to another code, and moves nothing', () => countsDown(person));
	await person.submit({ code });
	await t.test('U-10: both new fields can be shown', () => shows(person, ['new_password', 'confirm_password']));
	await t.test('U-07: requirements are ticked off as the server judges them', () => ticks(person));
	await person.submit({ new_password: password, confirm_password: password });
	await person.open(`${wall.origin}/_auth/login`);
	await t.test('U-10: the password can be shown', () => shows(person, ['password']));
	await person.submit({ email, password });
	await person.open(`${wall.origin}/_auth/account`);
	await t.test("U-31: times are in the reader's zone", () => tellsTimes(person));
	assert.deepEqual(person.complaints, []);
}

// The page that waits for a text to be out, as a server sends it that never hears of it.
test('what is typed stays, on a page that loads itself anew', { timeout: 120_000 }, async (t) => {
	const preview = await startPreview();
	t.after(() => preview.remove());
	const { path } = preview.documents.find((d) => d.language === 'en' && d.name === 'code_sending');
	let loads = 0;
	const server = createServer(async (request, response) => {
		const asset = /\/assets\/([\w.]+)$/.exec(request.url);
		const file = asset ? join(dirname(path), '../../assets', asset[1]) : path;
		const types = { css: 'text/css', js: 'text/javascript', svg: 'image/svg+xml' };
		response.setHeader('Content-Type', asset ? types[asset[1].split('.').at(-1)] : 'text/html; charset=utf-8');
		if (!asset) response.setHeader('Refresh', '2');
		loads += asset ? 0 : 1;
		response.end(await readFile(file));
	});
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	t.after(() => server.close());
	for (const kind of ['chromium', 'firefox']) {
		const browser = await launch(kind);
		t.after(() => browser.close());
		const { page } = await browser.page();
		await page.goto(`http://127.0.0.1:${server.address().port}/en/page/code_sending.html`);
		await page.focus('#code');
		await page.keyboard.type('123');
		loads = 0;
		await sleep(5000);
		assert.deepEqual([loads, await page.$eval('#code', (field) => field.value)], [0, '123'], kind);
		await browser.close();
	}
});

async function countsDown({ page }) {
	const state = () =>
		page.evaluate(() => {
			const wait = document.querySelector('[data-seconds]');
			if (!wait) throw new Error('the page came so late that no wait was left to count down');
			return {
				text: wait.textContent,
				live: wait.getAttribute('aria-live'),
				over: wait.dataset.over,
				disabled: [...document.querySelectorAll('[name=resend]')].map((button) => button.disabled),
				focused: document.activeElement.id,
				typed: document.querySelector('#code').value,
			};
		});
	await page.focus('#code');
	await page.keyboard.type('12');
	const begin = await state();
	assert.match(begin.text, /\b[123]?\d s/);
	assert.deepEqual(begin.disabled, [true, true]);
	assert.equal(begin.live, 'off', 'nobody hears every second');
	const end = await eventually('end of the countdown', async () => {
		const now = await state();
		return !now.disabled.includes(true) && now;
	}, { within: 90_000 });
	assert.equal(end.text, end.over);
	assert.notEqual(end.live, 'off', 'the end is announced');
	assert.deepEqual([end.focused, end.typed], ['code', '12']);
}

async function shows(person, names) {
	const { page } = person;
	for (const name of names) await person.fill({ [name]: 'some words to see' });
	await page.$eval(`#${names[0]}`, (field) => field.setSelectionRange(3, 5));
	const state = () =>
		page.evaluate(
			(ids, button) => ({
				types: ids.map((id) => document.getElementById(id).type),
				values: ids.map((id) => document.getElementById(id).value),
				cursor: [document.getElementById(ids[0]).selectionStart, document.getElementById(ids[0]).selectionEnd],
				pressed: document.querySelector(button).getAttribute('aria-pressed'),
				path: location.pathname,
			}),
			names,
			'main .show',
		);
	const hidden = await state();
	assert.deepEqual([...new Set(hidden.types), hidden.pressed, hidden.cursor], ['password', 'false', [3, 5]]);
	await person.click('main .show');
	const shown = await state();
	assert.deepEqual(shown, { ...hidden, types: names.map(() => 'text'), pressed: 'true' });
	await person.click('main .show');
	assert.deepEqual(await state(), hidden);

	// Sent hidden: browsers remember what was in a text field.
	await person.click('main .show');
	const sent = await page.evaluate((ids) => {
		let types;
		addEventListener('submit', (event) => {
			event.preventDefault();
			types = ids.map((id) => document.getElementById(id).type);
		}, { once: true });
		document.getElementById(ids[0]).form.requestSubmit();
		return types;
	}, names);
	assert.deepEqual(sent, hidden.types);
	assert.equal((await state()).pressed, 'false');
}

async function ticks(person) {
	const { page } = person;
	const unmet = () =>
		page.$$eval('[data-rule]', (items) =>
			items
				.filter(({ dataset, classList }) => /^(too_|missing_)/.test(dataset.rule) && !classList.contains('met'))
				.map(({ dataset }) => dataset.rule),
		);
	for (const [candidate, want] of [
		['short', ['too_short', 'missing_upper', 'missing_digit']],
		['é'.repeat(14), ['too_short', 'missing_upper', 'missing_digit']],
		['\u{1F33B}'.repeat(14), ['too_short', 'missing_upper', 'missing_digit']], // 28 units of UTF-16
		['ünder seven small lamps', ['missing_upper', 'missing_digit']],
		['Ünder seven small lamps', ['missing_digit']],
	]) {
		await person.fill({ confirm_password: candidate, new_password: candidate });
		assert.deepEqual(await unmet(), want, candidate);
		const said = await eventually('status of the requirements', () => person.text('[data-progress]'));
		assert.match(said, /\d/);
		assert.equal(await page.evaluate(() => document.activeElement.id), 'new_password', 'the focus stays');
		await person.follow();
		const errors = await page.$$eval('#new_password-error p', (all) => all.length);
		assert.equal(errors, want.length, `problems that the server has with ${candidate}`);
	}
	await person.fill({ new_password: password });
	assert.deepEqual(await unmet(), []);
}

async function tellsTimes({ page }) {
	const times = await page.$$eval(
		'main time',
		(all, timeZone) => {
			const tag = navigator.languages.find((t) => t.startsWith('en')) ?? 'en';
			const format = new Intl.DateTimeFormat(tag, { dateStyle: 'long', timeStyle: 'short', timeZone });
			return all.map((time) => [time.textContent, format.format(new Date(time.dateTime))]);
		},
		zone,
	);
	assert.ok(times.length > 0, 'no times on the page');
	for (const [shown, want] of times) assert.equal(shown, want);
}
