// The home page and the choice of a language, as people in two groups meet them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { launch, linkFrom, startWall } from './harness.mjs';

const password = 'quiet harbour lantern 7';
const realm = `languages en es ar
home {
	app Mail / {
		about "Letters and appointments"
	}
	app Billing /billing/ {
		groups billing
	}
}`;

for (const kind of ['chromium', 'firefox']) {
	for (const javascript of [true, false]) {
		const name = `home page and languages: ${kind} ${javascript ? 'with' : 'without'} JavaScript`;
		test(name, { timeout: 180_000 }, (t) => tell(t, { kind, javascript }));
	}
}

async function tell(t, { kind, javascript }) {
	const wall = await startWall({ realm });
	t.after(() => wall.stop());
	const browser = await launch(kind, { javascript });
	t.after(() => browser.close());

	const ana = await browser.page();
	await setUp(wall, ana, 'ana@example.com', { name: 'Ana', groups: ['billing'] });
	assert.deepEqual(await ana.texts('.tiles a > span:last-child'), ['Mail Letters and appointments', 'Billing']);
	await ana.look('home');

	// Everything that was said in English is said in Spanish from now on, on pages and in mails.
	await ana.follow('footer [lang=es]');
	assert.equal(ana.path, '/_auth/');
	assert.equal(await ana.text('h1'), 'Le damos la bienvenida');
	await ana.look('home-es');
	await ana.follow('main form button');
	assert.equal(await ana.text('h1'), 'Iniciar sesión', 'the choice outlives the session');
	await ana.submit({ email: 'ana@example.com', password });
	assert.equal(ana.path, '/_auth/', 'whoever wants nowhere in particular is led home');
	await ana.open(`${wall.origin}/_auth/logout`);
	await ana.follow('main form button');
	await ana.open(`${wall.origin}/_auth/forgot`);
	await ana.submit({ email: 'ana@example.com' });
	assert.match((await wall.newestMail(/contraseña/)).text, /Alguien, muy probablemente usted/);

	const bob = await browser.page();
	await setUp(wall, bob, 'bob@example.com', { name: 'Bob' });
	assert.deepEqual(await bob.texts('.tiles a > span:last-child'), ['Mail Letters and appointments'], 'no word of what is for others');
	assert.ok(!(await bob.page.evaluate(() => document.documentElement.outerHTML)).includes('Billing'));
	await bob.follow('footer [lang=ar]');
	assert.equal(await bob.page.evaluate(() => document.documentElement.dir), 'rtl');
	await bob.look('home-ar');
	await bob.follow('.tiles a');
	assert.equal(await bob.text('h1'), 'Dashboard');
	assert.ok(wall.upstream.requests.every(({ headers }) => !/language/.test(headers.cookie ?? '')), 'the app sees no choice');
}

/** From the invitation to the home page. */
async function setUp(wall, person, email, options) {
	await person.open(linkFrom(await wall.invite(email, options)));
	await person.follow();
	const code = await wall.newestCode();
	await person.reopenUntil(/We have sent/);
	await person.submit({ code });
	await person.submit({ new_password: password, confirm_password: password });
	await person.follow('main a.button');
	await person.submit({ email, password });
	assert.equal(person.path, '/_auth/');
}
