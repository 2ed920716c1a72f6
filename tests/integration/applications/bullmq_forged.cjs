// Calls a script of BullMQ's with declared keys of its own and a prefix of somebody else's; prints the reply or the error.
//   node bullmq_forged.cjs <directory with node_modules>
'use strict';

const { createRequire } = require('node:module');
const load = createRequire(process.argv[2] + '/');
const { addStandardJob } = load('bullmq/dist/cjs/scripts');
const { Redis } = load('ioredis');
const { pack } = load('msgpackr');

async function main() {
  const client = new Redis({ path: process.env.APPLICATION_SOCKET, username: 'bullmq', password: 'bullmq-example' });
  const keys = ['wait', 'paused', 'meta', 'id', 'completed', 'delayed', 'active', 'events', 'marker'].map((name) => `bull:forged:${name}`);
  const job = ['others:', 'forged', 'name', Date.now(), null, null, null, null, null];
  console.log(await client.eval(addStandardJob.content, keys.length, ...keys, pack(job), '{}', pack({})).catch((error) => error.message));
  await client.quit();
}

main().then(() => process.exit(0), (error) => { console.error(error.message); process.exit(1); });
