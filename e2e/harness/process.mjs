// Programs that a test starts, and the ports they listen on.

import { execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const running = new Set();

// Nothing outlives the test run, however it ends.
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.once(signal, () => process.exit(1));

/** Returns the path of the first of these programs that is installed; throws when none is. */
export function program(...names) {
	for (const name of names) {
		for (const dir of [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/bin']) {
			if (existsSync(join(dir, name))) return join(dir, name);
		}
	}
	throw new Error(`${names[0]} is not installed`);
}

/** Returns a loopback TCP port that nobody listens on now. */
export async function freePort() {
	const server = createServer();
	await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
	const { port } = server.address();
	await new Promise((resolve) => server.close(resolve));
	return port;
}

/** Starts a program and waits until it accepts connections on the port. */
export async function start(path, args, { port, env = {}, cwd } = {}) {
	const child = spawn(path, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
	const started = { child, output: '', ended: false };
	for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (started.output += text));
	started.end = new Promise((resolve) => {
		child.once('error', (error) => {
			started.output += error;
			resolve();
		});
		child.once('exit', resolve);
	}).then(() => {
		started.ended = true;
		running.delete(child);
	});
	running.add(child);
	await eventually(`${path} on port ${port}`, async () => {
		if (started.ended) throw new Error(`${path} ended at once:\n${started.output}`);
		return await listening(port);
	});
	return started;
}

/** Asks a started program to end and waits until it has. Twice is safe. */
export async function stop(started) {
	if (!started || started.ended) return;
	started.child.kill('SIGTERM');
	const late = setTimeout(() => started.child.kill('SIGKILL'), 15_000);
	await started.end;
	clearTimeout(late);
}

/** Runs a program to its end. A status other than 0 is no exception, but part of the answer. */
export function run(path, args, options = {}) {
	return new Promise((resolve) => {
		execFile(path, args, { maxBuffer: 16 << 20, ...options }, (error, stdout, stderr) =>
			resolve({ status: error ? (error.code ?? 1) : 0, stdout, stderr }),
		);
	});
}

/** Asks until the answer is neither false nor missing, and returns it; throws when that takes too long. */
export async function eventually(what, ask, { within = 30_000 } = {}) {
	for (const deadline = Date.now() + within; ; await sleep(50)) {
		const answer = await ask();
		if (answer) return answer;
		if (Date.now() > deadline) throw new Error(`no ${what} within ${within / 1000} s`);
	}
}

function listening(port) {
	return new Promise((resolve) => {
		const socket = connect(port, '127.0.0.1');
		const end = (answer) => () => {
			socket.destroy();
			resolve(answer);
		};
		socket.once('connect', end(true)).once('error', end(false));
	});
}
