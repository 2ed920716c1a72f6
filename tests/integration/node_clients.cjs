// Drives the npm clients `redis` and `ioredis` through the proxy.  Started by clients_test.py:
//   node node_clients.cjs <redis|ioredis> <directory with node_modules> <unix socket>
// Ends with status 0 when everything was as it should be; else the first difference is on stderr.
'use strict';

const assert = require('node:assert/strict');
const { createRequire } = require('node:module');

const [which, modules, path] = process.argv.slice(2);
const load = createRequire(modules + '/');

async function withRedis(resp) {
  const { createClient } = load('redis');
  const client = createClient({ socket: { path }, username: 'alice', password: 'alice-secret', RESP: resp });
  client.on('error', (error) => { throw error; });
  await client.connect();
  assert.equal(await client.set('a:node', 'value'), 'OK');
  assert.equal(await client.get('a:node'), 'value');
  const many = await Promise.all(Array.from({ length: 500 }, async (_, n) => {
    await client.set(`a:node:${n}`, `v${n}`);
    return client.get(`a:node:${n}`);
  }));
  assert.deepEqual(many, Array.from({ length: 500 }, (_, n) => `v${n}`));
  await client.hSet('a:hash', { one: '1', two: '2' });
  assert.deepEqual({ ...await client.hGetAll('a:hash') }, { one: '1', two: '2' });
  await assert.rejects(client.get('b:node'), /NOPERM/);
  await assert.rejects(client.flushAll(), /NOPERM/);
  assert.equal(await client.ping(), 'PONG');
  await client.close();

  const stranger = createClient({ socket: { path, reconnectStrategy: false }, username: 'alice', password: 'wrong', RESP: resp });
  stranger.on('error', () => {});
  await assert.rejects(stranger.connect(), /WRONGPASS/);
}

async function withIoredis() {
  const { Redis } = load('ioredis');
  const client = new Redis({ path, username: 'alice', password: 'alice-secret' });
  client.on('error', (error) => { throw error; });
  assert.equal(await client.set('a:io', 'value'), 'OK');
  assert.equal(await client.get('a:io'), 'value');
  const results = await client.pipeline().set('a:io:1', 'x').get('a:io:1').get('b:io').incr('a:io:n').exec();
  assert.equal(results[1][1], 'x');
  assert.match(results[2][0].message, /^NOPERM/);
  assert.equal(results[3][1], 1);
  assert.deepEqual(await client.mget('a:io', 'a:none'), ['value', null]);
  await assert.rejects(client.flushall(), /NOPERM/);
  await client.quit();

  const stranger = new Redis({ path, username: 'alice', password: 'wrong', retryStrategy: null, lazyConnect: true });
  stranger.on('error', () => {});
  await assert.rejects(stranger.connect().then(() => stranger.ping()), /WRONGPASS|NOAUTH|Connection is closed/);
  stranger.disconnect();
}

const runs = { redis: async () => { await withRedis(2); await withRedis(3); }, ioredis: withIoredis };
runs[which]().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
