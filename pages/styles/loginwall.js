// What makes the pages handier. Nothing depends on it: every page works without, and each part without the others, also
// on pages whose templates an operator has replaced.
(() => {
	'use strict';
	const all = (selector) => [...document.querySelectorAll(selector)];
	const byId = (id) => document.getElementById(id);

	// Show and hide passwords, without losing the place of the cursor; what is sent is hidden again.
	for (const button of all('.show[aria-controls]')) {
		const inputs = button.getAttribute('aria-controls').split(' ').map(byId).filter(Boolean);
		if (!inputs.length || !button.form) continue;
		const show = (shown) => {
			const type = shown ? 'text' : 'password';
			for (const input of inputs) {
				if (input.type === type) continue;
				const { selectionStart, selectionEnd } = input;
				input.type = type;
				input.setSelectionRange(selectionStart, selectionEnd);
			}
			button.setAttribute('aria-pressed', shown);
		};
		button.hidden = false;
		button.addEventListener('click', () => show(inputs[0].type === 'password'));
		button.form.addEventListener('submit', () => show(false));
		addEventListener('pageshow', () => show(false));
	}

	// Tick off the requirements that can be seen from here. Characters are counted as the server does.
	const rules = {
		too_short: (text, want) => [...text].length >= want,
		too_long: (text, want) => text && [...text].length <= want,
		missing_upper: (text) => /\p{Lu}/u.test(text),
		missing_lower: (text) => /\p{Ll}/u.test(text),
		missing_digit: (text) => /\p{Nd}/u.test(text),
		missing_symbol: (text) => /[^\p{L}\p{M}\p{Nd}]/u.test(text),
	};
	const password = byId('new_password');
	const items = all('[data-rule]').filter((item) => rules[item.dataset.rule]);
	if (password && items.length) {
		const [status] = all('[data-progress]');
		let later;
		password.addEventListener('input', () => {
			const text = password.value.normalize('NFC');
			let met = 0;
			for (const item of items) {
				const fits = Boolean(rules[item.dataset.rule](text, item.dataset.want));
				item.classList.toggle('met', fits);
				met += fits;
			}
			clearTimeout(later); // nobody wants to hear about every key
			later = setTimeout(() => {
				if (status) status.textContent = status.dataset.progress.replace('{met}', met).replace('{all}', items.length);
			}, 1000);
		});
	}

	// A page that waits for its code to be sent loads itself anew. Not under the hands of somebody who has it already.
	byId('code')?.addEventListener('input', () => stop());

	// Count down until a code can be sent again. Only the beginning and the end are announced.
	for (const wait of all('[data-seconds]')) {
		const { seconds, clock, over } = wait.dataset;
		if (!clock || !over) continue;
		const until = Date.now() + seconds * 1000;
		const tick = () => {
			const left = Math.max(0, Math.ceil((until - Date.now()) / 1000));
			for (const button of all('[name=resend]')) button.disabled = left > 0;
			wait.setAttribute('aria-live', left > 0 ? 'off' : 'polite');
			wait.textContent = left > 0 ? clock.replace('{seconds}', left) : over;
			if (left > 0) setTimeout(tick, 250);
		};
		tick();
	}

	// Say times in the reader's own zone, and in the form that their browser is used to.
	const language = document.documentElement.lang;
	const own = navigator.languages.find((tag) => tag.split('-')[0] === language.split('-')[0]);
	const times = new Intl.DateTimeFormat(own || language, {
		dateStyle: 'long', timeStyle: 'short', numberingSystem: 'latn', calendar: 'gregory',
	});
	for (const time of all('time[datetime]')) time.textContent = times.format(new Date(time.dateTime));
})();
