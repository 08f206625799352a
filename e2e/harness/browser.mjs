// Chromium and Firefox, with JavaScript and without, driven as a person drives them: by keyboard and mouse.

import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import puppeteer from 'puppeteer-core';
import { audit } from './audit.mjs';
import { eventually, program } from './process.mjs';

/** The widths every page must fit: a desk, a small phone, and the least that pages must fit (400% zoom on a desk). */
export const widths = [1280, 375, 320];

/** How a browser takes a picture of the whole page. Chromium's usual way shifts narrow pages read from right to left. */
export const whole = (kind) => ({ fullPage: true, captureBeyondViewport: kind === 'firefox' });

const screenshots = fileURLToPath(new URL('../screenshots/', import.meta.url));

/**
 * Starts a browser: 'chromium' or 'firefox'. Pages are opened with `page()`, each in a profile of its own unless they
 * are given the same `context`. `scheme` is 'light' or 'dark', `zone` a time zone such as Asia/Tokyo.
 */
export async function launch(kind, { javascript = true, width = widths[0], scheme = 'light', zone } = {}) {
	const settings = kind === 'firefox' ? firefox(javascript, scheme) : chromium();
	const browser = await puppeteer.launch({ ...settings, env: { ...process.env, ...(zone && { TZ: zone }) } });
	return {
		kind,
		javascript,
		close: () => browser.close(),
		context: () => browser.createBrowserContext(),
		async page(context) {
			const page = await (context ?? (await browser.createBrowserContext())).newPage();
			// Firefox cannot switch scripts off for one page: there it is a setting of the profile.
			if (!javascript && kind === 'chromium') await page.setJavaScriptEnabled(false);
			if (kind === 'chromium') await prefer(page, scheme);
			await page.setViewport({ width, height: 900 });
			return new Visitor(page, { kind, javascript, width });
		},
	};
}

const chromium = () => ({
	browser: 'chrome',
	executablePath: program('chromium', 'chromium-browser', 'google-chrome'),
	headless: true,
	args: [
		...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
		...['--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'],
	],
});

/** Shows a page of Chromium light or dark. In Firefox this is a setting of the profile. */
export const prefer = (page, scheme) => page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);

const firefox = (javascript, scheme) => ({
	browser: 'firefox',
	executablePath: program('firefox-esr', 'firefox'),
	headless: true,
	extraPrefsFirefox: {
		'javascript.enabled': javascript,
		'layout.css.prefers-color-scheme.content-override': scheme === 'dark' ? 0 : 1,
	},
});

/** One person at one page. */
class Visitor {
	#settings;

	/** What went wrong in the browser itself: uncaught errors and refusals of the content security policy. */
	complaints = [];

	constructor(page, settings) {
		this.page = page;
		this.#settings = settings;
		page.on('pageerror', (error) => this.complaints.push(error.message));
		page.on('console', (message) => {
			// A 4xx answer to a navigation is the page itself, not something missing from it.
			const status = /^Failed to load resource: the server responded with a status of 4/.test(message.text());
			if (message.type() === 'error' && !status) this.complaints.push(message.text());
		});
	}

	/** Opens an address and returns the status of the page it ends at. */
	async open(address) {
		const response = await this.page.goto(address);
		return response?.status();
	}

	/** Opens the page anew until it says so. The page of a code loads itself until the code is out, under one's hands. */
	async reopenUntil(words) {
		await eventually(`page that says ${words}`, async () => {
			await this.open(this.page.url());
			return words.test(await this.text());
		});
	}

	/** Whether pages may run scripts. */
	get javascript() {
		return this.#settings.javascript;
	}

	/** The path and query in the address line. */
	get path() {
		const { pathname, search } = new URL(this.page.url());
		return pathname + search;
	}

	/** Types into fields by their names, replacing what is there. */
	async fill(values) {
		for (const [name, value] of Object.entries(values)) {
			const selector = `main [name="${name}"]`;
			await this.page.$eval(selector, (field) => {
				field.focus();
				field.select();
			});
			await this.page.keyboard.press('Backspace');
			await this.page.keyboard.type(value);
		}
	}

	/** Clicks what is at the middle of an element, without leaving the page. */
	async click(selector) {
		// Puppeteer's own click waits for an observer that never calls back where scripts are off.
		const { x, y } = await this.page.$eval(selector, (element) => {
			element.scrollIntoView({ block: 'center' });
			const box = element.getBoundingClientRect();
			return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
		});
		await this.page.mouse.click(x, y);
	}

	/** Clicks, by default what sends the first form, and waits for the page that this leads to; returns its status. */
	async follow(selector = 'main form button:not([type=button])') {
		const [response] = await Promise.all([this.page.waitForNavigation(), this.click(selector)]);
		return response?.status();
	}

	/** Fills a form and submits it; returns the status of the answer. */
	async submit(values, selector) {
		await this.fill(values);
		return await this.follow(selector);
	}

	/** Whether the page has such an element. */
	async has(selector) {
		return (await this.page.$(selector)) !== null;
	}

	/** The words of the first such element, or null. */
	async text(selector = 'main') {
		return await this.page.evaluate((s) => document.querySelector(s)?.innerText.trim() ?? null, selector);
	}

	/** The words of all such elements, each in one line. */
	async texts(selector) {
		return await this.page.evaluate(
			(s) => [...document.querySelectorAll(s)].map((e) => e.innerText.trim().replace(/\s+/g, ' ')),
			selector,
		);
	}

	/** The current value of a field. */
	async value(name) {
		return await this.page.$eval(`main [name="${name}"]`, (field) => field.value);
	}

	/** Fetches from within the page, as the app's own scripts do. Needs JavaScript. */
	async fetch(path, options = {}) {
		return await this.page.evaluate(
			async (p, o) => {
				const response = await fetch(p, o);
				return { status: response.status, redirected: response.redirected, body: await response.text() };
			},
			path,
			options,
		);
	}

	/**
	 * Looks at the page as a reviewer would: at every width nothing may be cut off, with scripts axe-core finds nothing,
	 * and the browser has not complained. Keeps a screenshot of each width.
	 */
	async look(name) {
		await mkdir(screenshots, { recursive: true });
		for (const width of widths) {
			await this.page.setViewport({ width, height: 900 });
			const wide = await this.page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
			await this.screenshot(`${name}-${width}`);
			assert.ok(wide <= 0, `${name} is ${wide} px too wide at ${width} px`);
			if (this.#settings.javascript) await this.#audit(`${name} at ${width} px`);
		}
		await this.page.setViewport({ width: this.#settings.width, height: 900 });
		assert.deepEqual(this.complaints, [], `complaints of the browser at ${name}`);
	}

	/** Keeps a picture of the whole page in e2e/screenshots. */
	async screenshot(name) {
		const { kind, javascript } = this.#settings;
		await mkdir(screenshots, { recursive: true });
		const path = `${screenshots}${name}-${kind}${javascript ? '' : '-noscript'}.png`;
		await this.page.screenshot({ path, ...whole(kind) });
	}

	async #audit(where) {
		assert.deepEqual(await audit(this.page), [], `accessibility of ${where}`);
	}
}
