// What happened: the newest events, and what they say of the sources they came from.

const kindsShown = {
  auth: ['login failed', 'bad'],
  denied: ['denied', 'against'],
  observed: ['observed', 'warn'],
  admin: ['admin', ''],
  reload: ['reload', ''],
};

// Times of another day come with their date.
function time(text) {
  const [day, rest = ''] = text.split('T');
  const shown = element('time', '', day === new Date().toISOString().slice(0, 10) ? '' : `${day} `, rest.replace('Z', ''));
  shown.dateTime = text;
  return shown;
}

function whatHappened({ kind, verdict, reason }) {
  const [name, weight] = kindsShown[kind] ?? [kind, ''];
  const isBad = weight !== '' || verdict === 'refused' || verdict === 'failed';
  const badge = element('span', `badge ${weight || (isBad ? 'bad' : '')}`, name);
  const more = [kind === 'admin' || kind === 'reload' ? verdict : '', reason.replaceAll('_', ' ')].filter(Boolean).join(', ');
  return element('span', 'happened', badge, more ? ` ${more}` : '');
}

// Whoever showed a certificate has an identity besides.
function whoAsked({ peer, identity }) {
  return identity ? element('span', '', peer, ' ', element('span', 'quiet', identity)) : peer;
}

const eventsTable = new Table('events-table', {
  key: (event) => event.place,
  empty: 'No events.',
  columns: [
    { title: 'Time', kind: 'time', from: (event) => event.time, show: time },
    { title: 'Event', from: ({ kind, verdict, reason }) => ({ kind, verdict, reason }), show: whatHappened },
    { title: 'User', kind: 'data', from: (event) => event.user },
    { title: 'Source', kind: 'data', from: ({ peer, identity }) => ({ peer, identity }), show: whoAsked },
    { title: 'Listener', kind: 'data', from: (event) => event.listener },
    { title: 'Command', kind: 'data', from: (event) => event.command.replace('|', ' ') },
    { title: 'Key', kind: 'data', from: (event) => event.key },
    { title: 'Detail', kind: 'data', from: (event) => event.detail },
  ],
});

let events = [];
let eventsText = '';
const eventsPages = new Pages('events-more', showEvents);

// The same thing may happen twice in a millisecond: equal events are told apart by counting from the oldest.
function takeEvents(text) {
  if (text === eventsText) return;
  eventsText = text;
  events = JSON.parse(text);
  const counts = new Map();
  for (const event of events.toReversed()) {
    const whole = JSON.stringify(event);
    counts.set(whole, (counts.get(whole) ?? 0) + 1);
    event.place = `${counts.get(whole)} ${whole}`;
  }
  showEvents();
  sourcesTable.show(sourcesOf(events));
}

function showEvents() {
  const kind = byId('events-kind').value;
  const words = byId('events-filter').value.toLowerCase().split(' ').filter(Boolean);
  const fits = (event) => (!kind || event.kind === kind) && words.every((word) => event.place.toLowerCase().includes(word));
  const wanted = kind || words.length ? events.filter(fits) : events;
  setText(byId('events-count'), wanted.length === events.length ? number(events.length) : `${number(wanted.length)} of ${number(events.length)}`);
  eventsTable.show(eventsPages.of(wanted));
}

byId('events-kind').addEventListener('change', showEvents);
byId('events-filter').addEventListener('input', showEvents);

// "10.0.3.9:51234", "[::1]:6", "unix:" without the port.
const sourceOf = (peer) => peer.replace(/:\d+$/, '');

function sourcesOf(all) {
  const sources = new Map();
  for (const event of all) {
    if (event.kind !== 'auth' && event.kind !== 'denied') continue;
    const source = sourceOf(event.peer);
    if (!sources.has(source)) sources.set(source, { source, logins: 0, denied: 0, names: new Set(), last: event.time });
    const row = sources.get(source);
    row[event.kind === 'auth' ? 'logins' : 'denied'] += 1;
    row.names.add(event.user);
  }
  return [...sources.values()].sort((a, b) => b.logins + b.denied - a.logins - a.denied).slice(0, 100);
}

// The first few, and how many more.
function namesTried(names) {
  const first = names.slice(0, 3).flatMap((name, i) => (i > 0 ? [', ', code(name)] : [code(name)]));
  const more = names.length > 3 ? ` and ${number(names.length - 3)} more` : '';
  return element('span', '', ...first, more);
}

const sourcesTable = new Table('sources-failures', {
  key: (row) => row.source,
  empty: 'None.',
  columns: [
    { title: 'Source', kind: 'data', isName: true, from: (row) => row.source },
    { title: 'Logins', kind: 'number', from: (row) => row.logins, show: number },
    { title: 'Denied', kind: 'number', from: (row) => row.denied, show: number },
    { title: 'As', from: (row) => [...row.names].filter(Boolean), show: namesTried },
    { title: 'Last', kind: 'time', from: (row) => row.last, show: time },
  ],
});
