// What axe-core finds on a page, by the same rules wherever it is asked.

import { createRequire } from 'node:module';
import { readFile } from 'node:fs/promises';

const axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

// WCAG 2.2 up to AA and what is good practice besides. The size of targets is off in axe-core unless it is asked for.
const everything = {
	runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'],
	rules: { 'target-size': { enabled: true } },
};

/** Returns what is wrong with the page as it is now, a line each. `without` names rules to leave out, `only` the only ones. */
export async function audit(page, { without = [], only } = {}) {
	if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
	const off = Object.fromEntries(without.map((id) => [id, { enabled: false }]));
	const chosen = only ? { runOnly: only } : { ...everything, rules: { ...everything.rules, ...off } };
	return await page.evaluate(async (options) => {
		// One rule, that pages may be turned, reads style sheets again, which cannot be done from disk.
		const preload = location.protocol !== 'file:';
		const { violations } = await window.axe.run(document, { ...options, preload, resultTypes: ['violations'] });
		return violations.map((v) => `${v.id}: ${v.help}: ${v.nodes.map((n) => n.target.join(' ')).join(', ')}`);
	}, chosen);
}
