// The app behind the wall: it remembers every request and shows the headers it got.

import { createServer } from 'node:http';
import { WebSocketServer } from 'ws';

/** Starts an app on a free loopback port. `requests` holds what reached it, `sockets` the open WebSockets. */
export async function startUpstream() {
	const requests = [];
	const server = createServer((request, response) => {
		requests.push({ method: request.method, url: request.url, headers: request.headers, raw: request.rawHeaders });
		if (request.url.startsWith('/api/')) {
			response.writeHead(200, { 'Content-Type': 'application/json' });
			response.end(JSON.stringify({ user: request.headers['remote-user'] ?? null }));
			return;
		}
		response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Set-Cookie': 'app=1; Path=/' });
		response.end(dashboard(request.headers));
	});
	const sockets = new WebSocketServer({ server, path: '/ws' });
	sockets.on('connection', (socket, request) => {
		requests.push({ method: 'WS', url: request.url, headers: request.headers, raw: request.rawHeaders });
		socket.on('message', (text) => socket.send(String(text)));
		socket.on('error', () => socket.terminate());
	});
	await new Promise((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
	return {
		port: server.address().port,
		requests,
		sockets: sockets.clients,
		async close() {
			sockets.clients.forEach((socket) => socket.terminate());
			server.closeAllConnections();
			await new Promise((resolve) => server.close(resolve));
		},
	};
}

const escape = (text) => String(text).replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);

function dashboard(headers) {
	const rows = Object.entries(headers)
		.map(([name, value]) => `<tr><th scope="row">${escape(name)}</th><td id="${escape(name)}">${escape(value)}</td></tr>`)
		.join('\n');
	return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Dashboard</title>
<link rel="icon" href="data:,">
<style>body { font: 1rem sans-serif } table { table-layout: fixed; width: 100% } th, td { text-align: left; overflow-wrap: anywhere }</style>
</head>
<body>
<main>
<h1>Dashboard</h1>
<p><a id="account" href="/_auth/account">Account</a> <a id="sign-out" href="/_auth/logout">Sign out</a></p>
<table>${rows}</table>
</main>
</body>
</html>`;
}
