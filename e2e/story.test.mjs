// The whole story of one person, from the invitation to an expired password, as told by the pages: in each
// browser, with scripts and without, on each store.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { eventually, launch, linkFrom, startWall } from './harness.mjs';

const email = 'jo.public@example.com';
const first = 'quiet harbour lantern 7';
const second = 'seven copper kettles sing';
const third = 'an orange bicycle in snow';

const titles = {
	login: 'Sign In',
	forgot: 'Forgot Password',
	sent: 'Check Your Email',
	method: 'Get a Code',
	code: 'Enter Your Code',
	setup: 'Choose Your Password',
	reset: 'Choose a New Password',
	ready: 'Your Account Is Ready',
	done: 'You Have a New Password',
	expired: 'Your Password Has Expired',
	dead: 'This Link No Longer Works',
	account: 'Your Account',
	logout: 'Sign Out',
	forbidden: 'You Cannot Open This Page',
	dashboard: 'Dashboard',
};

for (const store of ['file', 'redis']) {
	for (const kind of ['chromium', 'firefox']) {
		for (const javascript of [true, false]) {
			const name = `story: ${store} store, ${kind} ${javascript ? 'with' : 'without'} JavaScript`;
			test(name, { timeout: 300_000 }, (t) => tell(t, { store, kind, javascript }));
		}
	}
}

async function tell(t, { store, kind, javascript }) {
	const wall = await startWall({ store, site: 'require /billing/* billing' });
	t.after(() => wall.stop());
	const browser = await launch(kind, { javascript });
	t.after(() => browser.close());
	const context = await browser.context();
	const person = await browser.page(context);
	// What a page looks like does not depend on the store: one of them is enough.
	const story = new Story(wall, person, () => browser.page(context), { looks: store === 'file' });
	for (const chapter of [
		...['stranger', 'invited', 'signsIn', 'signsOut', 'locksItself', 'resets', 'usesLinkAgain'],
		...['expires', 'renews'],
	]) {
		try {
			await story[chapter]();
		} catch (error) {
			t.diagnostic(`in the chapter "${chapter}", at ${person.page.url()}:\n${await person.text('body').catch(String)}`);
			t.diagnostic(wall.log.slice(-3000));
			await person.screenshot(`failed-${store}-${chapter}`).catch(() => {});
			throw error;
		}
	}
	assert.ok(!/"level":"error"/.test(wall.log), 'nothing went wrong on the server');
	for (const secret of [first, second, third]) assert.ok(!wall.log.includes(secret), 'no password in the log');
}

class Story {
	constructor(wall, person, openTab, { looks }) {
		this.wall = wall;
		this.person = person;
		this.openTab = openTab;
		this.looks = looks;
	}

	async stranger() {
		const { wall, person } = this;
		await person.open(`${wall.origin}/inbox?folder=7`);
		assert.equal(person.path, '/_auth/login?next=%2Finbox%3Ffolder%3D7');
		await this.at('login');
		await this.showsOneForm();
		assert.deepEqual(wall.upstream.requests, [], 'nothing of a stranger reaches the app');
	}

	// T20: a password manager fills the page in one step.
	async showsOneForm() {
		const { person } = this;
		assert.match(await person.text(), /Your Email Address[\s\S]*Your Password[\s\S]*Sign In[\s\S]*Forgot Password/);
		const fields = await person.page.evaluate(() =>
			[...document.querySelectorAll('main form input:not([type=hidden])')].map((input) => {
				const box = input.getBoundingClientRect();
				const shown = box.width > 40 && box.height > 15 && getComputedStyle(input).visibility === 'visible';
				const form = [...document.forms].indexOf(input.form);
				return `${input.name} ${input.type} ${input.autocomplete} form ${form} ${shown ? 'shown' : 'hidden'}`;
			}),
		);
		assert.deepEqual(fields, ['email email username form 0 shown', 'password password current-password form 0 shown']);
	}

	async invited() {
		const { wall, person } = this;
		const mail = await wall.invite(email, { name: 'Jo Public', groups: ['nurses', 'desk', 'nurses'] });
		assert.equal(mail.to.replace(/^.*<|>$/g, ''), email);
		assert.match(mail.subject, /SecureMail/);
		const link = linkFrom(mail);
		assert.ok(link.startsWith(`${wall.origin}/_auth/setup?token=`), link);
		await person.open(link);
		assert.equal(person.path, '/_auth/setup', 'the token leaves the address line');
		await this.at('method', 'method-setup');
		await this.refusesPassword();
		assert.deepEqual(await wall.messages(), [], 'opening a link sends nothing');

		await this.choose('text');
		await this.at('code', 'code-text');
		const code = await wall.newestCode();
		await person.submit({ code: code === '000000' ? '000001' : '000000' });
		await this.at('code', 'code-wrong');
		assert.ok(await person.has('[name=code][aria-invalid=true]'), 'the wrong code is marked');
		await person.submit({ code });
		await this.at('setup');

		await person.submit({ new_password: first, confirm_password: second });
		await this.at('setup', 'setup-mismatch');
		await person.submit({ new_password: 'too short', confirm_password: 'too short' });
		await this.at('setup', 'setup-short');
		await person.submit({ new_password: first, confirm_password: first });
		await this.at('ready');
	}

	// A step is reached only by the proof before it, whatever is posted.
	async refusesPassword() {
		const { person } = this;
		const csrf = await person.value('csrf');
		const before = person.page.url();
		await person.page.evaluate(
			(fields) => {
				const form = document.createElement('form');
				form.method = 'post';
				for (const [name, value] of Object.entries(fields)) {
					const input = document.createElement('input');
					Object.assign(input, { type: 'hidden', name, value });
					form.append(input);
				}
				const button = document.createElement('button');
				button.id = 'forged';
				button.textContent = 'forged';
				form.append(button);
				document.querySelector('main').prepend(form);
			},
			{ csrf, new_password: first, confirm_password: first },
		);
		await person.follow('#forged');
		await person.open(before);
		await this.at('method');
	}

	async signsIn() {
		const { wall, person } = this;
		await person.follow('main a[href$="/_auth/login"]');
		await this.at('login');
		await this.signIn(first);
		await this.at('dashboard');
		assert.equal(await person.text('#remote-user'), email);
		assert.equal(await person.text('#remote-email'), email);
		assert.equal(await person.text('#remote-name'), 'Jo Public');
		assert.equal(await person.text('#remote-groups'), 'desk,nurses');
		await person.open(`${wall.origin}/inbox`);
		const { headers } = wall.upstream.requests.at(-1);
		assert.equal(headers.cookie, 'app=1', "T3: the app gets its own cookies and none of the wall's");

		await person.open(`${wall.origin}/billing/`);
		await this.at('forbidden');
		assert.ok(!wall.upstream.requests.some(({ url }) => url.startsWith('/billing')), 'the app is not asked');

		await person.open(`${wall.origin}/_auth/account`);
		await this.at('account');
		assert.match(await person.text(), /Jo Public/);

		await wall.restart();
		await person.open(`${wall.origin}/`);
		await this.at('dashboard', null, 'T4: a restart signs nobody out');
	}

	async signsOut() {
		const { wall, person } = this;
		const tab = await this.openTab();
		await tab.open(`${wall.origin}/`);
		if (person.javascript) assert.equal(JSON.parse((await tab.fetch('/api/x')).body).user, email);
		await person.page.bringToFront();
		await person.follow('#sign-out');
		await this.at('logout');
		await person.follow('main form[action$="/_auth/logout"] button');
		await this.at('login', 'login-signed-out');
		const seen = wall.upstream.requests.length;
		if (person.javascript) {
			await this.goesBack();
			await this.pollsInVain(tab);
		}
		await tab.page.close();
		await person.open(`${wall.origin}/`);
		await this.at('login');
		assert.equal(wall.upstream.requests.length, seen, 'the app is not asked after the sign-out');
	}

	// SE-18: the back button brings back nothing of what was open.
	async goesBack() {
		const { person } = this;
		for (const steps of [1, 2]) {
			await person.page.goBack({ waitUntil: 'load' });
			assert.notEqual(await person.text('h1'), titles.dashboard, `the dashboard is shown ${steps} steps back`);
		}
	}

	// T1, T2: the app's own scripts get a plain answer, however often they ask.
	async pollsInVain(tab) {
		const cookies = () => tab.page.evaluate(() => document.cookie);
		const before = await cookies();
		const answers = await Promise.all(Array.from({ length: 10 }, () => tab.fetch('/api/x')));
		for (const { status, redirected, body } of answers) {
			assert.deepEqual([status, redirected, JSON.parse(body).error], [401, false, 'unauthenticated']);
		}
		assert.equal(await cookies(), before, 'no cookie grows');
	}

	async locksItself() {
		const { wall, person } = this;
		const answers = new Set();
		const attempt = async (address, password) => {
			const status = await person.submit({ email: address, password });
			assert.ok(person.path.startsWith('/_auth/login'), 'no session');
			answers.add(`${status} ${await person.text()}`);
		};
		await attempt('nobody.here@example.com', 'wrong password at all');
		await this.at('login', 'login-failed');
		assert.equal(await person.value('email'), 'nobody.here@example.com', 'the address is kept');
		assert.equal(await person.value('password'), '', 'the password is not');
		for (let n = 0; n < 6; n++) await attempt(email, `wrong password ${n}`);
		await attempt(email, first); // T8: right, but locked
		assert.equal(answers.size, 1, `one answer to all failures:\n${[...answers].join('\n---\n')}`);
		assert.match([...answers][0], /locked[\s\S]*Forgot Password/);
		assert.match((await wall.command('user', 'show', email)).stdout, /locked/);
		const notice = await wall.newestMail(/is locked/);
		assert.throws(() => linkFrom(notice), 'the notice of the lock holds no link with a token');
	}

	async resets() {
		const { wall, person } = this;
		await this.asksForLink(' Jo.Public@Example.COM '); // T10
		const mail = await wall.newestMail(/Choose a new password/);
		this.link = linkFrom(mail);
		assert.ok(this.link.startsWith(`${wall.origin}/_auth/reset?token=`), this.link);
		const sent = (await wall.messages()).length;
		await person.open(this.link);
		assert.equal(person.path, '/_auth/reset');
		await this.at('method', 'method-reset');
		assert.equal((await wall.messages()).length, sent, 'T6: opening a link sends nothing');

		await this.choose('call');
		await this.at('code', 'code-call');
		await person.submit({ code: await wall.newestCode() });
		await this.at('reset');
		await person.submit({ new_password: first, confirm_password: first });
		await this.at('reset', 'reset-reused', 'an earlier password is refused');
		await person.submit({ new_password: second, confirm_password: second });
		await this.at('done');
		const notice = await wall.newestMail(/has been changed/);
		assert.throws(() => linkFrom(notice), 'the notice of the change holds no link with a token');

		await person.open(`${wall.origin}/_auth/login`);
		await this.signIn(first);
		await this.at('login', null, 'the old password is dead');
		await this.signIn(second);
		await this.at('dashboard', null, 'T7: the reset unlocks');
	}

	async usesLinkAgain() {
		const { wall, person } = this;
		await this.signOut();
		await person.open(this.link);
		await this.at('dead');
		await person.open(`${wall.origin}/_auth/login`);
	}

	async expires() {
		const { wall, person } = this;
		await wall.reload({ realm: 'password {\n\t\t\tmax_age 2s\n\t\t\twarn 1s\n\t\t}' });
		await sleep(2000);
		await person.open(`${wall.origin}/_auth/login`);
		await this.signIn(second);
		await this.at('expired');
		const seen = wall.upstream.requests.length;
		await person.open(`${wall.origin}/`);
		await this.at('login', null, 'an expired password gives no session');
		assert.equal(wall.upstream.requests.length, seen);
		await this.signIn(second);
		await this.at('expired');
	}

	async renews() {
		const { wall, person } = this;
		await person.follow();
		await this.at('sent', 'sent-expired');
		await person.open(linkFrom(await wall.newestMail(/Choose a new password/)));
		await this.choose('text');
		await person.submit({ code: await wall.newestCode() });
		await this.at('reset');
		await wall.reload({ realm: '' });
		await person.submit({ new_password: third, confirm_password: third });
		await this.at('done');
		await person.open(`${wall.origin}/_auth/login`);
		await this.signIn(third);
		await this.at('dashboard');
		await this.signOut();
		const locks = (await wall.mails()).filter(({ subject }) => /is locked/.test(subject));
		assert.equal(locks.length, 1, 'one mail told of the lock');
	}

	async signIn(password) {
		await this.person.submit({ email, password });
	}

	async signOut() {
		const { wall, person } = this;
		await person.open(`${wall.origin}/_auth/logout`);
		await person.follow('main form[action$="/_auth/logout"] button');
		await this.at('login');
	}

	async asksForLink(address) {
		const { person } = this;
		await person.follow('main a[href$="/_auth/forgot"]');
		await this.at('forgot');
		await person.submit({ email: address });
		await this.at('sent');
	}

	/** Chooses how to get the code, and stays until the page says by itself that it is out. */
	async choose(method) {
		const { person } = this;
		await person.click(`main [name=method][value=${method}]`);
		await person.follow();
		const words = method === 'call' ? /We have called/ : /We have sent a text message/;
		// The page may be loading itself anew at that very moment.
		const said = () => person.text().then((text) => words.test(text), () => false);
		await eventually(`page that says that the ${method} is out`, said);
	}

	/** Asserts which page this is, and looks at it once under its name. */
	async at(title, name = title, why = '') {
		assert.equal(await this.person.text('h1'), titles[title], why || `the page "${titles[title]}"`);
		this.seen ??= new Set();
		if (!this.looks || !name || this.seen.has(name)) return;
		this.seen.add(name);
		await this.person.look(name);
	}
}
