// BullMQ: a queue, its events and a worker; prints what became of each job.  Started by applications_test.py:
//   node bullmq_job.cjs <directory with node_modules>
'use strict';

const { createRequire } = require('node:module');
const { FlowProducer, Queue, QueueEvents, Worker } = createRequire(process.argv[2] + '/')('bullmq');

const connection = { path: process.env.APPLICATION_SOCKET, username: 'bullmq', password: 'bullmq-example' };
const deadline = 1000 * process.env.APPLICATION_DEADLINE;
const queue = new Queue('numbers', { connection });
const flows = new FlowProducer({ connection });
const events = new QueueEvents('numbers', { connection });

const work = {
  multiply: ({ data }) => data.one * data.other,
  'what its children made': async (job) => Object.values(await job.getChildrenValues()).join(),
  trespass: async () => (await queue.getBackend().client).hget('others:key', 'field'),
  'unlisted script': async () => (await queue.getBackend().client).eval('return 1', 0),
};
const worker = new Worker('numbers', (job) => work[job.name](job), { connection });

async function main() {
  await Promise.all([events.waitUntilReady(), worker.waitUntilReady()]);
  const child = { name: 'multiply', queueName: 'numbers', data: { one: 600, other: 700 } };
  const jobs = [
    await queue.add('multiply', { one: 6, other: 7 }),
    await queue.add('multiply', { one: 60, other: 70 }, { delay: 100, priority: 1 }),
    (await flows.add({ name: 'what its children made', queueName: 'numbers', children: [child] })).job,  // scripts in a MULTI
    ...await queue.addBulk([{ name: 'trespass', data: {} }, { name: 'unlisted script', data: {} }]),
  ];
  for (const job of jobs) console.log(await job.waitUntilFinished(events, deadline).catch((error) => error.message));
  for (const part of [worker, events, flows, queue]) await part.close();
}

main().then(() => process.exit(0), (error) => { console.error(error); process.exit(1); });
