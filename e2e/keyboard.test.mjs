// A whole reset and the sign-in after it with no mouse: addresses are typed, fields and buttons are reached by Tab.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually, launch, linkFrom, startWall } from './harness.mjs';

const email = 'jo.public@example.com';
const first = 'quiet harbour lantern 7';
const second = 'seven copper kettles sing';

for (const kind of ['chromium', 'firefox']) {
	for (const javascript of [true, false]) {
		const name = `U-17, U-29: a reset by keyboard: ${kind} ${javascript ? 'with' : 'without'} JavaScript`;
		test(name, { timeout: 180_000 }, (t) => resetByKeyboard(t, { kind, javascript }));
	}
}

async function resetByKeyboard(t, { kind, javascript }) {
	const wall = await startWall();
	t.after(() => wall.stop());
	const browser = await launch(kind, { javascript });
	t.after(() => browser.close());
	const person = await browser.page();
	const { page } = person;
	const at = async (title) => assert.equal(await person.text('h1'), title);
	const press = async (key) => await Promise.all([page.waitForNavigation(), page.keyboard.press(key)]);

	/** Presses Tab until the element has the focus. What is passed on the way must be seen to have it. */
	const tabTo = async (selector) => {
		for (let presses = 0; presses < 30; presses++) {
			// A page that has just been loaded gives its first field the focus in a moment of its own.
			await eventually(`focus that is seen on the way to ${selector}`, () =>
				page.evaluate(() => {
					const focused = document.activeElement;
					return focused === document.body || getComputedStyle(focused).outlineStyle !== 'none';
				}),
			);
			if (await page.evaluate((s) => document.activeElement.matches(s), selector)) return;
			await page.keyboard.press('Tab');
		}
		assert.fail(`${selector} cannot be reached with Tab`);
	};
	const type = async (name, value) => {
		await tabTo(`main [name="${name}"]`);
		await page.keyboard.type(value);
	};

	/** From the link in a mail to the password: a code by a call, which is one arrow key away from a text. */
	const prove = async (mail) => {
		await person.open(linkFrom(mail));
		await at('Get a Code');
		await tabTo('main [name=method]:checked');
		await page.keyboard.press('ArrowDown');
		await tabTo('main button[type=submit]');
		await press('Enter');
		await at('Enter Your Code');
		const code = await wall.newestCode();
		await person.reopenUntil(/We have called/);
		await type('code', code);
		await press('Enter');
	};
	const choose = async (password) => {
		await type('new_password', password);
		await type('confirm_password', password);
		await tabTo('main button[type=submit]');
		await press(' ');
	};

	await prove(await wall.invite(email, { name: 'Jo Public' }));
	await at('Choose Your Password');
	await choose(first);
	await at('Your Account Is Ready');
	await tabTo('main a.button');
	await press('Enter');

	await at('Sign In');
	await tabTo('main a[href$="/_auth/forgot"]');
	await press('Enter');
	await at('Forgot Password');
	await type('email', email);
	await press('Enter');
	await at('Check Your Email');
	await prove(await wall.newestMail(/Choose a new password/));
	await at('Choose a New Password');
	if (javascript) await shows(page, tabTo);
	await choose(second);
	await at('You Have a New Password');
	await tabTo('main a.button');
	await press('Enter');
	await type('email', email);
	await type('password', second);
	await press('Enter');
	await at('Dashboard');
}

/** The button that shows a password is reached and pressed like any other, and leaves the password where it is. */
async function shows(page, tabTo) {
	const state = () =>
		page.evaluate(() => {
			const button = document.querySelector('main button.show');
			const { type, value } = document.querySelector('#new_password');
			return [button.getAttribute('aria-pressed'), type, value];
		});
	await tabTo('#new_password');
	await page.keyboard.type('abc');
	await tabTo('main button.show');
	await page.keyboard.press(' ');
	assert.deepEqual(await state(), ['true', 'text', 'abc']);
	await page.keyboard.press(' ');
	assert.deepEqual(await state(), ['false', 'password', 'abc']);
	await page.keyboard.down('Shift');
	await page.keyboard.press('Tab');
	await page.keyboard.up('Shift');
	for (let n = 0; n < 3; n++) await page.keyboard.press('Backspace');
}
