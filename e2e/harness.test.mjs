// The tests of the tests: that both browsers are really driven, with scripts and without, and that mails are read right.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { audit, launch, startUpstream, widths } from './harness.mjs';
import { codeFrom, linkFrom, parseMail } from './harness/captured.mjs';
import { broken, clipped, spacing, tooWide, walk, withStyle } from './harness/inspect.mjs';
import { createServer } from 'node:http';

for (const kind of ['chromium', 'firefox']) {
	for (const javascript of [true, false]) {
		test(`${kind} ${javascript ? 'with' : 'without'} JavaScript`, { timeout: 120_000 }, async (t) => {
			const { origin, posted } = await startForm(t);
			const browser = await launch(kind, { javascript });
			t.after(() => browser.close());
			const visitor = await browser.page();
			await visitor.open(origin);
			assert.equal(await visitor.text('#script'), javascript ? 'ran' : 'did not run');
			assert.equal(await visitor.has('#noscript'), !javascript, 'an element of noscript');
			await visitor.look('harness');
			for (const width of widths) {
				await visitor.page.setViewport({ width, height: 900 });
				assert.equal(await visitor.page.evaluate(() => window.innerWidth), width);
			}
			assert.equal(await visitor.submit({ email: 'new@example.com' }), 201);
			assert.deepEqual(posted, ['email=new%40example.com'], 'what was typed replaces what stood there');
			assert.equal(visitor.path, '/posted');
		});
	}
}

test('a page that is too wide is noticed', { timeout: 60_000 }, async (t) => {
	const upstream = await startUpstream();
	t.after(() => upstream.close());
	const browser = await launch('chromium');
	t.after(() => browser.close());
	const visitor = await browser.page();
	await visitor.open(`http://127.0.0.1:${upstream.port}/`);
	await visitor.page.evaluate(() => (document.body.style.width = '500px'));
	await assert.rejects(visitor.look('harness-wide'), /too wide at 375 px/);
});

test('faults of a page are noticed', { timeout: 60_000 }, async (t) => {
	const upstream = await startUpstream();
	t.after(() => upstream.close());
	const browser = await launch('chromium');
	t.after(() => browser.close());
	const { page } = await browser.page();
	await page.setViewport({ width: 320, height: 256 });
	await page.goto(`http://127.0.0.1:${upstream.port}/`);
	await page.setContent(
		'<!doctype html><html lang="en"><title>Faults</title><main><h1>Faults</h1>' +
			'<p><button style="float: right; height: 9px; width: 9px; padding: 0" aria-label="b"></button>' +
			'<button style="outline: none">a</button></p><p><a href="#" style="position: fixed; bottom: 0">below</a>' +
			'<a href="#" tabindex="-1">never</a></p><div style="position: fixed; bottom: 0; height: 90px; width: 320px; ' +
			'background: white"></div></main></html>',
	);
	const { reached, order, obscured, ring } = await walk(page);
	assert.deepEqual(reached, []);
	assert.deepEqual(order, ['2. button a comes after 1. button b']);
	assert.deepEqual(obscured, ['3. a below is hidden while it has the focus']);
	assert.deepEqual(ring, ['2. button a does not show the focus']);

	await page.setContent(
		'<!doctype html><html lang="en"><title>Faults</title><body style="font: 16px/1.2 monospace">' +
			'<p style="height: 20px; overflow: hidden">Words that fill one line</p><button style="font: inherit">Show</button>',
	);
	const tiny = 'a { display: inline-block; width: 9px; height: 9px; }';
	await page.$eval('p', (p) => p.insertAdjacentHTML('afterend', '<div><a href="#1">1</a> <a href="#2">2</a></div>'));
	assert.match((await withStyle(page, tiny, () => audit(page))).join('\n'), /^target-size: /m);
	assert.deepEqual([...(await clipped(page)), ...(await broken(page)), ...(await tooWide(page))], []);
	assert.match((await withStyle(page, spacing, () => clipped(page))).join(), /^p "Words that fill .* is cut off below/);
	const narrow = 'button { width: 30px; padding: 0; overflow-wrap: anywhere; }';
	assert.deepEqual(await withStyle(page, narrow, () => broken(page)), ['the button "Show" is broken into 2 lines']);
});

test('mails and codes are read', () => {
	const raw =
		'To: jo@example.com\r\nSubject: =?UTF-8?q?Gr=C3=BC?=\r\n =?UTF-8?q?=C3=9Fe?=\r\n' +
		'Content-Type: multipart/alternative;\r\n boundary="b/1"\r\n\r\n--b/1\r\n' +
		'Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n' +
		'Open http://localhost:1/_auth/reset?token=3Dabc=\r\n_-9\r\n\r\nBye =E2=82=AC\r\n--b/1\r\n' +
		'Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\nPHA+YTwvcD4=\r\n--b/1--\r\n';
	const mail = parseMail(raw);
	assert.equal(mail.subject, 'Grüße');
	assert.equal(mail.html, '<p>a</p>');
	assert.match(mail.text, /Bye €/);
	assert.equal(linkFrom(mail), 'http://localhost:1/_auth/reset?token=abc_-9');
	assert.throws(() => linkFrom({ subject: 'x', text: 'http://localhost:1/_auth/login' }), /no link/);

	assert.equal(codeFrom('To: +12025550123\n\nYour code is 012345.\n\n@localhost #012345'), '012345');
	assert.equal(codeFrom('To: +12025550123\n\nYour code is: 0, 1, 2, 3, 4, 5.'), '012345');
	assert.throws(() => codeFrom('To: +12025550123\n\nHello.'), /no code/);
});

/** Serves one page with a form and a script; `posted` collects what is sent. */
async function startForm(t) {
	const posted = [];
	const page =
		'<!doctype html><html lang="en"><head><title>Form</title><link rel="icon" href="data:,">' +
		'<meta name="viewport" content="width=device-width, initial-scale=1"></head>' +
		'<body><main><h1>Form</h1><p id="script">did not run</p><noscript><p id="noscript">no scripts</p></noscript>' +
		'<form method="post" action="/posted"><label>Email <input name="email" type="email" value="old@example.com"></label>' +
		'<button>Send</button></form></main><script src="/script.js"></script></body></html>';
	const server = createServer(async (request, response) => {
		response.setHeader('Content-Security-Policy', "default-src 'self'; img-src data:");
		if (request.url === '/script.js') {
			response.setHeader('Content-Type', 'text/javascript');
			return response.end("document.getElementById('script').textContent = 'ran'");
		}
		if (request.method === 'POST') {
			let body = '';
			for await (const part of request) body += part;
			posted.push(body);
			response.statusCode = 201;
		}
		response.setHeader('Content-Type', 'text/html; charset=utf-8');
		response.end(page);
	});
	await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
	t.after(() => {
		server.closeAllConnections();
		server.close();
	});
	return { origin: `http://127.0.0.1:${server.address().port}/`, posted };
}
