// A Caddy with the login wall, its store and the app behind it, all on free loopback ports in a directory of its own.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { codeFrom, parseMail, readSpool } from './captured.mjs';
import { eventually, freePort, program, run, start, stop } from './process.mjs';
import { startUpstream } from './upstream.mjs';

const repository = fileURLToPath(new URL('../..', import.meta.url));

let built;

/** Returns the Caddy to test: CADDY_BIN, or a fresh build of the development binary. */
export function caddyBinary() {
	built ??= (async () => {
		if (process.env.CADDY_BIN) return resolve(process.env.CADDY_BIN);
		const path = join(tmpdir(), 'loginwall-e2e', 'caddy');
		const { status, stderr } = await run(program('go'), ['build', '-o', path, './caddymodule/cmd/caddy'], {
			cwd: repository,
		});
		if (status !== 0) throw new Error(`build caddy:\n${stderr}`);
		return path;
	})();
	return built;
}

/**
 * Starts a wall. Options:
 *   store    'file' (the default) or 'redis', which starts a redis-server of its own
 *   realm    lines for the global login_wall block, e.g. 'password {\n max_age 90d\n}'
 *   site     lines for the site's login_wall directive
 *   upstream the port of another app to put behind the wall
 */
export async function startWall({ store = 'file', realm = '', site = '', upstream } = {}) {
	const wall = new Wall(store, { realm, site });
	try {
		await wall.start(upstream);
	} catch (error) {
		await wall.stop();
		throw error;
	}
	return wall;
}

class Wall {
	#store;
	#settings;
	#binary;
	#caddy;
	#earlierLog = '';
	#redis;
	#redisPort;
	#upstreamPort;
	#site;
	#admin;
	#mailsRead = 0;
	#codesRead = 0;

	constructor(store, settings) {
		this.#store = store;
		this.#settings = settings;
	}

	async start(upstreamPort) {
		this.#binary = await caddyBinary();
		this.directory = await mkdtemp(join(tmpdir(), 'loginwall-wall-'));
		this.#site = await freePort();
		this.#admin = await freePort();
		if (this.#store === 'redis') {
			this.#redisPort = await freePort();
			this.#redis = await start(
				program('redis-server'),
				['--bind', '127.0.0.1', '--port', `${this.#redisPort}`, '--save', '', '--dir', this.directory],
				{ port: this.#redisPort },
			);
		}
		if (!upstreamPort) this.upstream = await startUpstream();
		this.#upstreamPort = upstreamPort ?? this.upstream.port;
		await this.#writeCaddyfile();
		await this.#startCaddy();
	}

	/** What a browser's address line begins with. */
	get origin() {
		return `http://localhost:${this.#site}`;
	}

	/** What Caddy has logged so far, before restarts too. */
	get log() {
		return this.#earlierLog + (this.#caddy?.output ?? '');
	}

	async #startCaddy() {
		this.#caddy = await start(this.#binary, ['run', '--config', this.#in('Caddyfile')], {
			port: this.#site,
			cwd: this.directory,
			env: { XDG_DATA_HOME: this.directory, XDG_CONFIG_HOME: this.directory, HOME: this.directory },
		});
	}

	/** Ends Caddy and starts it again, with the store it had. */
	async restart() {
		await stop(this.#caddy);
		this.#earlierLog = this.log;
		this.#caddy = undefined;
		await this.#startCaddy();
	}

	/** Changes settings (realm, site) in the running Caddy. */
	async reload(settings) {
		this.#settings = { ...this.#settings, ...settings };
		await this.#writeCaddyfile();
		const config = ['--config', this.#in('Caddyfile'), '--address', `127.0.0.1:${this.#admin}`];
		const { status, stderr } = await run(this.#binary, ['reload', ...config]);
		assert.equal(status, 0, `reload: ${stderr}`);
	}

	async stop() {
		await stop(this.#caddy);
		await stop(this.#redis);
		await this.upstream?.close();
		if (this.directory) await rm(this.directory, { recursive: true, force: true });
	}

	/** Runs "caddy login-wall …" against this wall and returns {status, stdout, stderr}. */
	async command(...args) {
		return await run(this.#binary, ['login-wall', ...args, '--address', `127.0.0.1:${this.#admin}`]);
	}

	/** Creates an account and returns the mail that invites it. */
	async invite(email, { phone = '+12025550123', name = '', groups = [] } = {}) {
		const options = ['--phone', phone, ...(name ? ['--name', name] : []), ...groups.flatMap((g) => ['--group', g])];
		const { status, stderr } = await this.command('user', 'add', email, ...options);
		assert.equal(status, 0, `user add: ${stderr}`);
		return await this.newestMail(/Set up/);
	}

	/** Waits for a mail with such a subject that is newer than the one returned before. */
	async newestMail(subject = /./) {
		return await eventually(`mail with the subject ${subject}`, async () => {
			const all = await this.mails();
			const index = all.findLastIndex((mail, at) => at >= this.#mailsRead && subject.test(mail.subject));
			if (index < 0) return undefined;
			this.#mailsRead = index + 1;
			return all[index];
		});
	}

	/** Waits for a text or call that has not been returned before, and returns its code. */
	async newestCode() {
		const messages = await eventually('text or call', async () => {
			const all = await this.messages();
			return all.length > this.#codesRead && all;
		});
		this.#codesRead = messages.length;
		return codeFrom(messages.at(-1));
	}

	/** All mails so far, oldest first. */
	async mails() {
		return (await readSpool(this.#in('mail'))).map(({ content }) => parseMail(content));
	}

	/** All texts and calls so far as they were written, oldest first. */
	async messages() {
		return (await readSpool(this.#in('phone'))).map(({ content }) => content);
	}

	async #writeCaddyfile() {
		const { realm, site } = this.#settings;
		const store = this.#store === 'redis' ? `redis {\naddress 127.0.0.1:${this.#redisPort}\n}` : `file ${this.#in('store')}`;
		const text = `{
admin 127.0.0.1:${this.#admin}
storage file_system ${this.#in('caddy')}
login_wall {
name "SecureMail"
url ${this.origin}
store ${store}
mail file ${this.#in('mail')}
phone file ${this.#in('phone')}
${realm}
}
}
http://localhost:${this.#site} {
bind 127.0.0.1
login_wall {
${site}
}
reverse_proxy 127.0.0.1:${this.#upstreamPort}
}
`;
		await writeFile(this.#in('Caddyfile'), text);
	}

	#in(name) {
		return join(this.directory, name);
	}
}
