// One job of npm's `ioredis` over TLS.  Started by tls_test.py:
//   node node_tls.cjs <directory with node_modules> <port> <TLS version> <authority> [<certificate> <key>]
// Prints the value it read; ends with another status than 0 when anything was not as it should be.
'use strict';

const assert = require('node:assert/strict');
const fs = require('node:fs');
const { createRequire } = require('node:module');

const [modules, port, version, authority, certificate, key] = process.argv.slice(2);
const { Redis } = createRequire(modules + '/')('ioredis');

async function main() {
  const own = certificate ? { cert: fs.readFileSync(certificate), key: fs.readFileSync(key) } : {};
  const client = new Redis({
    host: '127.0.0.1', port: Number(port), username: 'alice', password: 'alice-secret', retryStrategy: null, enableReadyCheck: false,
    tls: { ca: fs.readFileSync(authority), servername: 'localhost', minVersion: version, maxVersion: version, ...own },
  });
  client.on('error', (error) => { throw error; });
  assert.equal(await client.set('a:key', 'value'), 'OK');
  assert.equal(client.stream.getProtocol(), version);
  console.log(await client.get('a:key'));
  await client.quit();
}

main();
