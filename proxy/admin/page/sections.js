// How the process is doing, who may do what, and what expires.

const count = (title, from) => ({ title, kind: 'number', from, show: number });

const failuresTable = new Table('users-failures', {
  key: (row) => row.user,
  empty: 'None since the start.',
  columns: [
    { title: 'User', kind: 'data', isName: true, from: (row) => row.user },
    count('Logins', (row) => row.login),
    count('Commands', (row) => row.command),
    count('Keys', (row) => row.key),
    count('Channels', (row) => row.channel),
    count('Databases', (row) => row.database),
  ],
});

const listenersTable = new Table('listeners-table', {
  key: (row) => row.name,
  empty: 'None.',
  columns: [
    { title: 'Listener', kind: 'data', isName: true, from: (row) => row.name },
    count('Connections', (row) => row.connections),
    count('Refused', (row) => row.refused),
    count('Forwarded', (row) => row.forwarded),
    count('Local', (row) => row.local),
    count('Denied', (row) => row.denied),
  ],
});

const nodesTable = new Table('upstream-table', {
  key: (row) => row.node,
  empty: 'None.',
  columns: [
    { title: 'Node', kind: 'data', isName: true, from: (row) => row.node },
    count('Lanes', (row) => row.lanes),
    count('In flight', (row) => row.in_flight),
    count('Reconnects', (row) => row.reconnects),
    count('Errors', (row) => row.errors),
    count('Desyncs', (row) => row.desyncs),
  ],
});

const sum = (rows, from) => rows.reduce((total, row) => total + from(row), 0);

let figuresBefore = null;

// Commands a second since the last answer; a dash until there are two.
function commandsPerSecond(commands) {
  const now = performance.now();
  const before = figuresBefore;
  figuresBefore = { now, commands };
  if (!before || before.commands > commands) return '–';
  return number(Math.round(((commands - before.commands) * 1000) / Math.max(now - before.now, 1)));
}

function takeFigures(figures) {
  const list = byId('figures');
  figures.forEach(([name, value, weight], i) => {
    if (!list.children[i]) list.append(element('div', '', element('dt'), element('dd')));
    const [title, text] = list.children[i].children;
    setText(title, name);
    setText(text, value);
    list.children[i].className = weight;
  });
}

function takeSummary(summary) {
  const { listeners, upstream, failures } = summary;
  const denied = sum(listeners, (row) => row.denied);
  const lanes = sum(upstream, (row) => row.lanes);
  takeFigures([
    ['Connections', number(sum(listeners, (row) => row.connections)), ''],
    ['Commands a second', commandsPerSecond(sum(listeners, (row) => row.forwarded + row.local + row.denied)), ''],
    ['Denied commands', number(denied), ''],
    ['Failed logins', number(summary.failed_logins), ''],
    ['Lanes', number(lanes), lanes === 0 ? 'bad' : ''],
    ['In flight', number(sum(upstream, (row) => row.in_flight)), ''],
    ['Last reload', summary.last_reload === 'failure' ? 'failed' : 'ok', summary.last_reload === 'failure' ? 'bad' : ''],
    ['Audit lines lost', number(summary.audit_dropped), summary.audit_dropped > 0 ? 'bad' : ''],
  ]);
  const state = byId('state');
  state.hidden = false;
  state.className = `badge ${summary.ready ? 'good' : 'bad'}`;
  setText(state, summary.ready ? 'ready' : `not ready: ${summary.why_not}`);
  byId('observe').hidden = summary.enforcement !== 'observe';
  const loaded = new Date(summary.loaded * 1000).toISOString().slice(0, 19).replace('T', ' ');
  setText(byId('facts'), `${summary.version} · policy ${number(summary.generation)}, loaded ${loaded} UTC`);
  document.title = summary.ready ? 'respgate' : 'respgate: not ready';
  failuresTable.show(failures);
  listenersTable.show(listeners);
  nodesTable.show(upstream);
}

// A long list begins folded.
function folded(summary, ...content) {
  return element('details', '', element('summary', '', ...summary), ...content);
}

function dangerousCommands(names) {
  if (names.length === 0) return element('span', 'quiet', 'none');
  const spelled = names.map((name) => name.replace('|', ' '));
  const badge = element('span', 'badge warn', `${number(names.length)} dangerous`);
  if (spelled.length <= 3) return element('span', '', badge, ' ', code(spelled.join(', ')));
  return folded([badge, ' ', code(`${spelled.slice(0, 3).join(', ')}, …`)], code(spelled.join(', ')));
}

const longRule = 160;

function rules(text) {
  return text.length <= longRule ? code(text) : folded([code(`${text.slice(0, longRule)}…`)], code(text));
}

function userState({ enabled, nopass }) {
  const state = element('span', enabled ? '' : 'quiet', enabled ? 'on' : 'off');
  return nopass ? element('span', '', state, ' ', element('span', 'badge bad', 'no password')) : state;
}

const usersTable = new Table('users-table', {
  key: (user) => user.name,
  empty: 'No users.',
  columns: [
    { title: 'User', kind: 'data', isName: true, from: (user) => user.name },
    { title: 'State', from: ({ enabled, nopass }) => ({ enabled, nopass: enabled && nopass }), show: userState },
    count('Connections', (user) => user.connections),
    { title: 'Dangerous', kind: 'data', from: (user) => (user.enabled ? user.dangerous : []), show: dangerousCommands },
    // "user NAME on|off RULES…": a name holds no blank.
    { title: 'Rules', kind: 'data', from: (user) => user.rules.split(' ').slice(3).join(' '), show: rules },
  ],
});

let users = [];
const usersPages = new Pages('users-more', showUsers);

function takeUsers(all) {
  users = all;
  showUsers();
}

function showUsers() {
  const words = byId('users-filter').value.toLowerCase().split(' ').filter(Boolean);
  const texts = (user) => `${user.rules} ${user.enabled ? user.dangerous.join(' ').replaceAll('|', ' ') : ''}`.toLowerCase();
  const wanted = words.length ? users.filter((user) => words.every((word) => texts(user).includes(word))) : users;
  setText(byId('users-count'), wanted.length === users.length ? number(users.length) : `${number(wanted.length)} of ${number(users.length)}`);
  usersTable.show(usersPages.of(wanted));
}

byId('users-filter').addEventListener('input', showUsers);

// Days are the server's: whole ones that are left, negative once it has expired.
function daysLeft(days) {
  if (days < 0) return element('span', 'badge bad', 'expired');
  return days < 30 ? element('span', `badge ${days < 14 ? 'bad' : 'warn'}`, number(days)) : number(days);
}

const certificatesTable = new Table('certificates-table', {
  key: (row) => `${row.listener} ${row.file} ${row.subject}`,
  empty: 'No listener has a certificate.',
  columns: [
    { title: 'Listener', kind: 'data', isName: true, from: (row) => row.listener },
    { title: 'Days left', kind: 'number', from: (row) => row.days_left, show: daysLeft },
    { title: 'Expires', kind: 'time', from: (row) => row.not_after },
    { title: 'Subject', kind: 'data', from: (row) => row.subject },
    { title: 'Names', kind: 'data', from: (row) => row.names.join(', ') },
    { title: 'File', kind: 'data', from: (row) => row.file },
  ],
});

const takeCertificates = (all) => certificatesTable.show(all.sort((a, b) => a.days_left - b.days_left));

const weights = { FAIL: 'bad', warn: 'warn', ok: 'good' };

function findingText({ what, why }) {
  return why ? element('span', '', what, element('span', 'quiet', ` (${why})`)) : what;
}

const postureTable = new Table('posture-table', {
  key: ({ sec, level, what }) => `${sec} ${level} ${what}`,
  empty: 'Nothing was looked at.',
  columns: [
    { title: 'Question', isName: true, from: (finding) => `SEC ${finding.sec}` },
    { title: 'Level', from: (finding) => finding.level, show: (level) => element('span', `badge ${weights[level] ?? ''}`, level) },
    { title: 'Finding', kind: 'prose', from: ({ what, why }) => ({ what, why }), show: findingText },
    { title: 'What to write', kind: 'prose', from: (finding) => finding.write },
  ],
});

// The worst first; of the same level, in the order of the questions.
function takePosture(findings) {
  const rank = Object.keys(weights);
  const counts = rank.map((level) => [level, findings.filter((finding) => finding.level === level).length]);
  setText(byId('posture-count'), counts.filter(([, n]) => n > 0).map(([level, n]) => `${number(n)} ${level}`).join(', '));
  postureTable.show(findings.sort((a, b) => rank.indexOf(a.level) - rank.indexOf(b.level) || a.sec - b.sec));
}
