// A program on ioredis: transactions, blocking, pub/sub and a script.  Started by applications_test.py:
//   node ioredis_job.cjs <directory with node_modules>
'use strict';

const assert = require('node:assert/strict');
const { readFileSync } = require('node:fs');
const { createRequire } = require('node:module');
const { once } = require('node:events');
const { Redis } = createRequire(process.argv[2] + '/')('ioredis');

const open = [];
function connect() {
  const client = new Redis({ path: process.env.APPLICATION_SOCKET, username: 'ioredis', password: 'ioredis-example' });
  client.on('error', (error) => { throw error; });
  open.push(client);
  return client;
}

async function transactions(client) {
  assert.deepEqual(await client.multi().set('app:n', '41').incr('app:n').exec(), [[null, 'OK'], [null, 42]]);
  await client.watch('app:n');
  await connect().set('app:n', '1');
  assert.equal(await client.multi().incr('app:n').exec(), null);
  assert.equal(await client.get('app:n'), '1');
}

async function blocking(client) {
  const waiting = connect().blpop('app:jobs', 0);
  await client.rpush('app:jobs', 'job');
  assert.deepEqual(await waiting, ['app:jobs', 'job']);
}

async function channels(client) {
  const subscriber = connect();
  assert.equal(await subscriber.subscribe('app:news'), 1);
  assert.equal(await subscriber.psubscribe('app:*'), 2);
  const heard = Promise.all([once(subscriber, 'message'), once(subscriber, 'pmessage')]);
  assert.equal(await client.publish('app:news', 'hello'), 2);
  assert.deepEqual(await heard, [['app:news', 'hello'], ['app:*', 'app:news', 'hello']]);
  await assert.rejects(connect().subscribe('others:news'), /NOPERM.*channels/);
}

async function scripts(client) {
  client.defineCommand('countedPop', { numberOfKeys: 2, lua: readFileSync(__dirname + '/counted_pop.lua', 'utf8') });
  await client.rpush('app:list', 'one', 'two');
  assert.deepEqual([await client.countedPop('app:list', 'app:count'), await client.countedPop('app:list', 'app:count')], ['one', 'two']);
  assert.equal(await client.get('app:count'), '2');
  await assert.rejects(client.countedPop('others:list', 'app:count'), /NOPERM.*keys/);
  await assert.rejects(client.eval('return 1', 0), /NOPERM/);
}

async function main() {
  const client = connect();
  for (const part of [transactions, blocking, channels, scripts]) await part(client);
  await assert.rejects(client.get('others:key'), /NOPERM.*keys/);
  await Promise.all(open.map((each) => each.quit()));
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
