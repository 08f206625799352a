// What a person would notice at a page of the preview beyond what axe-core sees: what is cut off, where Tab leads, and
// whether one can see where it has led. Each function returns what is wrong, a line each. For Chromium.

/** WCAG 2.2, 1.4.12: people may space text like this, and nothing may be lost. */
export const spacing = `* {
	line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important;
}
p { margin-block-end: 2em !important; }`;

/** Twice the size of text, 1.4.4. */
export const twice = 'html { font-size: 200% !important; }';

/** Runs `look` with a style sheet added, and takes it away again. */
export async function withStyle(page, css, look) {
	await page.evaluate((text) => {
		const style = document.createElement('style');
		style.id = 'added-by-test';
		style.textContent = text;
		document.head.append(style);
	}, css);
	try {
		return await look();
	} finally {
		await page.evaluate(() => document.getElementById('added-by-test').remove());
	}
}

/** Whether the page is wider than the window. */
export async function tooWide(page) {
	const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
	return wide > 0 ? [`${wide} px too wide`] : [];
}

/** Text that is cut off, or that stands beyond the window or the box it belongs to. */
export async function clipped(page) {
	return await page.evaluate(() => {
		const found = [];
		const name = (e) => `${e.localName}${e.id && '#' + e.id} "${e.textContent.trim().slice(0, 30)}"`;
		for (const e of document.body.querySelectorAll('*')) {
			const style = getComputedStyle(e);
			if (e.closest('.unseen') || style.display === 'inline' || !e.getClientRects().length) continue;
			const hides = style.overflowY !== 'visible' || e.localName === 'input';
			if (hides && e.scrollHeight > e.clientHeight + 1) found.push(`${name(e)} is cut off below`);
			if (style.overflowX !== 'visible' && e.localName !== 'input' && e.scrollWidth > e.clientWidth + 1) {
				found.push(`${name(e)} is cut off at the side`);
			}
		}
		const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
		while (texts.nextNode()) {
			const { parentElement: parent, data } = texts.currentNode;
			if (!data.trim() || parent.closest('.unseen, script, style') || !parent.getClientRects().length) continue;
			const range = document.createRange();
			range.selectNodeContents(texts.currentNode);
			const box = parent.closest('button, .button, .tag, .initial, td, main')?.getBoundingClientRect();
			for (const rect of range.getClientRects()) {
				if (!rect.width) continue;
				const left = Math.max(0, box?.left ?? 0);
				const right = Math.min(innerWidth, box?.right ?? innerWidth);
				const below = box && (rect.top < box.top - 2 || rect.bottom > box.bottom + 2);
				if (rect.left < left - 1 || rect.right > right + 1 || below) {
					found.push(`${name(parent)} stands out of its box`);
					break;
				}
			}
		}
		return found;
	});
}

/** Short words on buttons that are broken in the middle, for want of room. */
export async function broken(page) {
	return await page.$$eval('button, .button', (buttons) =>
		buttons.flatMap((button) => {
			const text = button.textContent.trim();
			const range = document.createRange();
			range.selectNodeContents(button);
			const lines = new Set([...range.getClientRects()].map(({ bottom }) => Math.round(bottom))).size;
			return lines > 1 && text.length < 12 && !text.includes(' ') ? [`the button "${text}" is broken into ${lines} lines`] : [];
		}),
	);
}

/**
 * Walks through the page with Tab. Returns {reached, order, obscured, ring}, each with what is wrong: what Tab does not
 * reach, what it reaches against the order in which it is read, what is hidden when it has the focus, and what does not
 * show that it has it.
 */
export async function walk(page) {
	const expected = await page.evaluate(() => {
		document.body.tabIndex = -1; // begin before the first element, whatever has the focus now
		document.body.focus();
		document.body.removeAttribute('tabindex');
		scrollTo(0, 0);
		const outline = (e) => {
			const { outlineStyle, outlineWidth, outlineColor, boxShadow } = getComputedStyle(e);
			return [outlineStyle, outlineWidth, outlineColor, boxShadow].join(' ');
		};
		const names = new Map();
		for (const e of document.querySelectorAll('a[href], button, input, select, summary, textarea, [tabindex]')) {
			const shown = e.type !== 'hidden' && !e.disabled && e.getClientRects().length;
			const chosen = e.type !== 'radio' || e.checked || !document.querySelector(`[name="${e.name}"]:checked`);
			if (shown && chosen && e.tabIndex >= 0) {
				const name = `${names.size + 1}. ${e.localName} ${e.name || e.ariaLabel || e.textContent.trim().slice(0, 30)}`;
				names.set(e, { name, before: outline(e) });
			}
		}
		window.tabStop = () => {
			const e = document.activeElement;
			if (!names.has(e)) return e === document.body ? null : { name: e.outerHTML.slice(0, 60), unknown: true };
			const box = e.getBoundingClientRect();
			const inside = 2;
			const points = [
				[box.left + box.width / 2, box.top + box.height / 2],
				[box.left + inside, box.top + inside],
				[box.right - inside, box.top + inside],
				[box.left + inside, box.bottom - inside],
				[box.right - inside, box.bottom - inside],
			];
			const seen = points.some(([x, y]) => {
				const at = document.elementFromPoint(x, y);
				return at && (e === at || e.contains(at));
			});
			const { name, before } = names.get(e);
			return {
				...{ name, seen, ring: outline(e) !== before && !/^none 0px/.test(outline(e)) },
				...{ top: box.top + scrollY, bottom: box.bottom + scrollY, left: box.left, right: box.right },
			};
		};
		return { names: [...names.values()].map(({ name }) => name), rtl: getComputedStyle(document.body).direction === 'rtl' };
	});
	const stops = [];
	for (;;) {
		await page.keyboard.press('Tab');
		const stop = await page.evaluate(() => window.tabStop());
		if (!stop || stops.some(({ name }) => name === stop.name) || stops.length > expected.names.length) break;
		stops.push(stop);
	}
	return judge(stops, expected);
}

function judge(stops, { names, rtl }) {
	const reached = names.filter((name) => !stops.some((stop) => stop.name === name));
	const strange = stops.filter(({ unknown }) => unknown).map(({ name }) => `${name} should not get the focus`);
	const known = stops.filter(({ unknown }) => !unknown);
	return {
		reached: [...reached.map((name) => `${name} is not reached`), ...strange],
		order: known.slice(1).flatMap((stop, i) => (follows(known[i], stop, rtl) ? [] : [`${stop.name} comes after ${known[i].name}`])),
		obscured: known.filter(({ seen }) => !seen).map(({ name }) => `${name} is hidden while it has the focus`),
		ring: known.filter(({ ring }) => !ring).map(({ name }) => `${name} does not show the focus`),
	};
}

/** Whether b is read after a: in a row below, or further on in the same row. */
function follows(a, b, rtl) {
	const tolerance = 2;
	if (b.top >= a.bottom - tolerance) return true;
	const sameRow = b.top < a.bottom - tolerance && b.bottom > a.top + tolerance;
	return sameRow && (rtl ? b.right <= a.left + tolerance : b.left >= a.right - tolerance);
}
