// Asks for what the page shows, again and again, as long as somebody can see it.

const oftenMs = 2000;    // what moves: figures and events
const seldomMs = 15000;  // what a reload changes: users, certificates, posture
const patienceMs = 10000;

let token = '';  // here and nowhere else: it is gone with the page
let isTokenWanted = document.documentElement.dataset.token === 'asked';
let isPaused = false;
let timer = 0;
let isAsking = false;
let seldomDue = 0;
let silentSince = '';

class TokenWanted extends Error {}

async function ask(path) {
  const response = await fetch(path, {
    headers: token ? { Authorization: `Bearer ${token}` } : {},
    cache: 'no-store',
    credentials: 'omit',
    redirect: 'error',
    signal: AbortSignal.timeout(patienceMs),
  });
  if (response.status === 401) throw new TokenWanted();
  if (!response.ok) throw new Error(`${path} was answered with ${response.status}`);
  return response.text();
}

async function askForAll() {
  // The summary alone first: a token that is wrong is refused, counted and written once.
  takeSummary(JSON.parse(await ask('summary')));
  takeEvents(await ask('events?n=1000'));
  if (performance.now() < seldomDue) return;
  const [all, certificates, findings] = await Promise.all([ask('users'), ask('certs'), ask('posture')]);
  takeUsers(JSON.parse(all));
  takeCertificates(JSON.parse(certificates));
  takePosture(JSON.parse(findings));
  seldomDue = performance.now() + seldomMs;
}

// A live region: it speaks when the state changes, not with every answer.
function showConnection(text, isBad = false) {
  setText(byId('connection'), text);
  byId('connection').className = isBad ? 'problem' : 'quiet';
}

// Either the form that asks for the token, or everything else.
function askForToken(isWanted) {
  isTokenWanted = isWanted;
  byId('login').hidden = !isWanted;
  for (const id of ['content', 'sections', 'pause']) byId(id).hidden = isWanted;
  byId('forget').hidden = isWanted || !token;
}

function wantToken(problem) {
  token = '';
  askForToken(true);
  showConnection('');
  setText(byId('token-problem'), problem);
  byId('token').focus();
}

async function askAgain() {
  if (isAsking || isPaused || isTokenWanted || document.hidden) return;
  clearTimeout(timer);
  isAsking = true;
  try {
    await askForAll();
    silentSince = '';
    if (!isPaused) showConnection('Live');
  } catch (error) {
    if (error instanceof TokenWanted) return wantToken(token ? 'That is not the token.' : '');
    silentSince ||= new Date().toISOString().slice(11, 19);
    showConnection(`No answer since ${silentSince} UTC, trying again (${error.message})`, true);
  } finally {
    isAsking = false;
  }
  timer = setTimeout(askAgain, oftenMs);
}

byId('login').addEventListener('submit', (submitted) => {
  submitted.preventDefault();
  const given = byId('token').value.trim();
  byId('token').value = '';
  if (!/^[!-~]+$/.test(given)) return setText(byId('token-problem'), 'A token is one word of printable ASCII.');
  token = given;
  seldomDue = 0;
  askForToken(false);
  setText(byId('token-problem'), '');
  byId('main').focus();
  askAgain();
});

// What was shown goes too, so that nobody who comes by later reads it.
byId('forget').addEventListener('click', () => {
  token = '';
  location.reload();
});

byId('pause').addEventListener('click', () => {
  isPaused = !isPaused;
  byId('pause').setAttribute('aria-pressed', String(isPaused));
  showConnection(isPaused ? 'Paused' : 'Live');
  askAgain();
});

document.addEventListener('visibilitychange', askAgain);

if (isTokenWanted) wantToken('');
else askAgain();
