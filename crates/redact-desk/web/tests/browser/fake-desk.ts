// A desk in memory: the built page and just enough of the API to bring every page into states
// that are hard to reach with the real one (an hour with 500 tracks, a colleague's change in the
// middle, a server that is away). The whole session is tested against the real server elsewhere.
import { execFileSync } from 'node:child_process';
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, resolve } from 'node:path';
import type * as api from '../../src/api/types';
import { ROOT } from './chromium';
import { queuePage } from './fake-queue';
import { manual, score } from './manual-sample';
import * as papers from './paper-samples';
import * as sample from './sample';
import * as life from './sample-retention';

const DIST = resolve(import.meta.dirname, '../../dist');
const CLIP = resolve(ROOT, 'fixtures/demo.mp4');
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; " +
  "media-src 'self' blob:; connect-src 'self'; font-src 'self'; worker-src 'self'; " +
  "form-action 'none'";
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
};

export class FakeDesk {
  readonly requests: api.Request[] = sample.requests();
  review: api.Review;
  /** What was said; `null` as of a scan without the speech model. */
  transcript: api.Transcript | null = null;
  role: api.Role | null = 'operator';
  /** What people call the identity provider, if there is one. */
  provider: string | null = null;
  /** Answers nothing while it is true, as a server that died. */
  away = false;
  saves: api.ReviewDocument[] = [];
  comments: api.Comment[] = [];
  /** What of the summary differs from that of the document. */
  summary: Partial<api.Summary> = {};
  releases: api.Release[] = [];
  /** Whether the first request is there to practice on. */
  practice = false;
  /** Recordings of the request instead of those of the sample. */
  recordings: api.Recording[] | null = null;
  /** The release that is shown, if not as in the sample. */
  release: Partial<api.Release> = {};
  /** People who are named in other recordings. */
  named: api.NamedElsewhere[] = [];
  /** What packages were ordered. */
  orders: unknown[] = [];
  /** What was sent to record copies and to render releases, by path. */
  posts: { path: string; body: unknown }[] = [];
  /** Earlier revisions, the oldest first. */
  revisions: api.Review[] = [];
  #streams = new Set<ServerResponse>();
  /** The job that makes the clip of the whole review. */
  clipJob: api.Job | null = null;
  #server: Server;
  #stills = new Map<string, Buffer>();

  constructor(
    public found: api.Found = sample.demoFound(),
    readonly timeline: api.Timeline = sample.demoTimeline(),
    readonly clip: string = CLIP,
  ) {
    this.review = sample.review(found);
    this.#server = createServer((request, response) => {
      if (this.away) return void request.socket.destroy();
      void this.#answer(request, response);
    });
  }

  async start(): Promise<string> {
    if (!existsSync(resolve(DIST, 'index.html'))) {
      throw new Error('the page is not built: run npm run build first');
    }
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Notifies the open pages of a change. */
  tell(change: api.Change): void {
    for (const stream of this.#streams)
      stream.write(`event: change\ndata: ${JSON.stringify(change)}\n\n`);
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://desk');
    response.setHeader('Content-Security-Policy', POLICY);
    if (!url.pathname.startsWith('/api/')) return this.#file(url.pathname, response);
    const path = url.pathname.slice('/api'.length);
    if (path === '/stream') {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write(':\n\n');
      this.#streams.add(response);
      response.on('close', () => this.#streams.delete(response));
      return;
    }
    const isVideo = path.endsWith('/proxy') || /^\/jobs\/.*\/clip$/.test(path);
    if (isVideo) return sendRange(this.clip, request, response);
    if (/\/(thumbnails|frames|preview)\//.test(path)) return this.#still(path, response);
    if (path.includes('/waveform/')) {
      response.end(Buffer.from(sample.waveform(this.timeline).buffer));
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body =
      chunks.length === 0 ? null : (JSON.parse(Buffer.concat(chunks).toString()) as unknown);
    const answer = this.#api(request.method ?? 'GET', path, url.searchParams, body);
    response.writeHead(answer.status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(answer.body));
  }

  #api(
    method: string,
    path: string,
    search: URLSearchParams,
    body: unknown,
  ): { status: number; body: unknown } {
    const ok = (value: unknown): { status: number; body: unknown } => ({
      status: 200,
      body: value,
    });
    const role = this.role;
    if (path === '/state') return ok({ ...sample.state(role !== null), provider: this.provider });
    if (path === '/manual') return ok(manual());
    if (path.startsWith('/invites/')) return ok(sample.invite());
    if (role === null) return problem(401, 'signed_out', 'Nobody is signed in.');
    if (path === '/me') return ok(sample.me(role));
    if (path.startsWith('/me/') && method !== 'GET') {
      this.posts.push({ path, body });
      if (path === '/me/recovery-codes') return ok({ codes: sample.recoveryCodes() });
      if (path === '/me/second-factor') return ok(sample.enrollment());
      return { status: 200, body: {} };
    }
    if (method === 'PUT' && path.startsWith('/reviews/')) {
      return this.#save(body as { base: number; document: api.ReviewDocument });
    }
    if (path === '/queue') {
      if (this.requests[0]) this.requests[0].practice = this.practice;
      return ok(queuePage(this.requests, search));
    }
    if (path.startsWith('/imports')) {
      if (path === '/imports') this.posts.push({ path, body });
      return ok(sample.importPreview((body as { text: string }).text));
    }
    const written = /^\/policies\/(\w+)\/text$/.exec(path);
    if (written) return ok(sample.policyText(written[1]!));
    if (method === 'PUT' && path === '/settings') {
      this.posts.push({ path, body });
      return ok(sample.settings());
    }
    if (method !== 'GET' && /^\/(queue|templates|inbox|policy-versions)\b/.test(path)) {
      this.posts.push({ path, body });
      return ok(path === '/templates' ? sample.templates()[0] : {});
    }
    if (path === '/requests') {
      const text = (search.get('search') ?? '').toLowerCase();
      if (this.requests[0]) this.requests[0].practice = this.practice;
      return ok(
        this.requests.filter((r) => `${r.number} ${r.requester}`.toLowerCase().includes(text)),
      );
    }
    if (method === 'POST' && path === `/requests/${sample.ID.request}/packages`) {
      this.orders.push(body);
      return { status: 202, body: sample.packages()[0] };
    }
    if (method === 'POST' && path === `/reviews/${sample.ID.review}/releases`) {
      this.posts.push({ path, body });
      return { status: 202, body: sample.release() };
    }
    if (method === 'POST' && path.endsWith('/copies')) {
      this.posts.push({ path, body });
      return { status: 201, body: {} };
    }
    if (path === `/reviews/${sample.ID.review}/clip`) {
      if (method === 'POST') this.clipJob = { ...sample.clipJob(), state: 'done' };
      return ok(this.clipJob);
    }
    const about = /^\/reviews\/[^/]+\/(comments|send-back|hand-in|reasons|withdraw)$/.exec(path);
    if (method === 'POST' && about) return this.#act(about[1]!, path, body);
    if (method === 'GET' && path === `/requests/${sample.ID.request}` && this.releases.length > 0) {
      const whole = sample.fullRequest(this.requests[0]!, this.review);
      return ok({ ...whole, releases: this.releases });
    }
    if (path === '/practice' && method !== 'GET') {
      this.practice = method === 'POST';
      return { status: 201, body: { request: this.practice ? sample.ID.request : null } };
    }
    if (method === 'GET' && path === `/requests/${sample.ID.request}` && this.recordings !== null) {
      const whole = sample.fullRequest(this.requests[0]!, this.review);
      return ok({ ...whole, recordings: this.recordings });
    }
    if (method === 'POST' && path.startsWith('/misuse/')) {
      this.posts.push({ path, body });
      return ok({});
    }
    if (method === 'POST' && path === '/access/pdf') {
      this.posts.push({ path, body: Object.fromEntries(search) });
      return ok({ id: '9'.repeat(32), name: 'access-2026-03-02.pdf', entries: 3 });
    }
    if (method === 'POST' && /^\/disposals\/\w+\/pdf$/.test(path)) {
      this.posts.push({ path, body });
      return ok({ id: '9'.repeat(32), name: 'disposal-88888888.pdf', entries: 5 });
    }
    if (method === 'POST' && path === '/events/pdf') {
      this.posts.push({ path, body: Object.fromEntries(search) });
      return ok({ id: '9'.repeat(32), name: 'event-log-2026-03-02.pdf', entries: 12 });
    }
    if (/^\/recordings\/[^/]+\/timeline$/.test(path)) return ok(this.timeline);
    if (/^\/reviews\/(?!c{32})[^/]+\/reasons$/.test(path)) {
      return ok({ changes: [], reasons: this.review.policy.reasons });
    }
    if (/\/(letters|invoices)\/preview$/.test(path)) {
      this.posts.push({ path, body });
      return ok(path.includes('/letters/') ? papers.letterPreview() : papers.invoicePreview());
    }
    if (method !== 'GET' && /^\/(requests|recordings|users)\//.test(path)) {
      this.posts.push({ path, body });
      return { status: 200, body: {} };
    }
    if (path.endsWith('/watch')) {
      return ok({ folder: 'PR-2026-0141', added: 2, refused: [] });
    }
    if (path.endsWith('/thread')) return ok(sample.thread());
    const part = /\/(fees|letters|invoices|retention)$/.test(path);
    if (path.startsWith('/requests/') && !part) {
      const whole = sample.fullRequest(this.requests[0]!, this.review);
      return ok({ ...whole, practice: this.practice });
    }
    const review = `/reviews/${sample.ID.review}`;
    const recording = `/recordings/${sample.ID.recording}`;
    if (method === 'POST' && /^\/(holds|sealings|disposals)/.test(path)) {
      this.posts.push({ path, body });
      return ok({});
    }
    const answers: Record<string, () => unknown> = {
      '/retention': () => life.list(search.get('show') ?? ''),
      [`/requests/${sample.ID.request}/retention`]: life.ofRequest,
      '/sealings': life.orders,
      '/disposals': life.disposals,
      [`/disposals/${'7'.repeat(32)}`]: () => life.disposals()[0],
      [`/disposals/${'8'.repeat(32)}`]: () => life.disposals()[1],
      '/queue/views': sample.queueViews,
      '/search': sample.searchResults,
      '/health/details': sample.health,
      '/settings': sample.settings,
      '/policy-versions': sample.policyVersions,
      '/templates': sample.templates,
      '/laws': sample.laws,
      '/people': sample.people,
      '/statistics': sample.statistics,
      [`/requests/${sample.ID.request}/fees`]: sample.fees,
      [`/requests/${sample.ID.request}/letters`]: papers.letters,
      [`/requests/${sample.ID.request}/invoices`]: papers.invoices,
      '/policies': () => [sample.policy()],
      [`/policies/${sample.policy().digest}`]: sample.policy,
      '/users': sample.users,
      '/me/passkeys': sample.passkeys,
      '/me/absence': sample.absences,
      '/me/mail': sample.mailChoice,
      '/mail': sample.mailState,
      '/jobs': sample.jobs,
      '/machines': sample.machines,
      '/releases': () => [sample.release()],
      '/audits': sample.audits,
      '/watch-folder': () => [],
      '/transmittals': sample.profiles,
      '/verifier': sample.verifier,
      '/rechecks': sample.rechecks,
      '/notices': () => (role === 'administrator' ? sample.notices() : []),
      [`${recording}/views`]: sample.views,
      '/uploads': () => [],
      '/access': papers.access,
      '/misuse': papers.misuse,
      '/events': sample.events,
      '/office': sample.office,
      '/practice': () => ({ request: this.practice ? sample.ID.request : null }),
      [`/practice/reviews/${sample.ID.review}/score`]: score,
      '/inbox': sample.inbox,
      '/due': () => ({
        due_on: search.get('received_on') === '2026-02-10' ? '2026-03-10' : '2026-03-30',
        basis: search.get('jurisdiction') === 'us-mn' ? 'target' : 'law',
      }),
      '/events/check': () => ({ whole: true, entries: 12, problem: null }),
      [review]: () => this.review,
      [`${review}/transcript`]: () => this.transcript,
      [`${review}/summary`]: () => ({ ...sample.summary(this.review), ...this.summary }),
      [`${review}/sheet`]: () => sample.sheet(this.review, this.found),
      [`${review}/comments`]: () => this.comments,
      [`${review}/revisions`]: () => sample.revisions(this.revisions),
      [`${review}/reasons`]: () => ({
        changes: this.summary.reason_changes ?? [],
        reasons: this.review.policy.reasons,
      }),
      ...Object.fromEntries(
        this.revisions.map((old) => [`${review}/revisions/${old.revision}`, () => old]),
      ),
      [recording]: () => sample.recording(this.review, this.timeline),
      [`${recording}/timeline`]: () => this.timeline,
      [`${recording}/tracks`]: () => this.found,
      [`/releases/${sample.ID.release}`]: () => ({ ...sample.release(), ...this.release }),
      [`${review}/named`]: () => this.named,
      [`/releases/${sample.ID.release}/copies`]: sample.copies,
      [`/releases/${sample.ID.release}/differences/${'f'.repeat(32)}`]: sample.differences,
    };
    for (const item of sample.packages()) answers[`/packages/${item.id}`] = () => item;
    const answer = answers[path];
    return answer === undefined ? problem(404, 'not_found', 'Not found.') : ok(answer());
  }

  /** Comments, sending back, reasons, reopening. */
  #act(what: string, path: string, body: unknown): { status: number; body: unknown } {
    this.posts.push({ path, body });
    const { text = '', item = null } = body as { text?: string; item?: string | null };
    const comment = sample.comment(text, item);
    if (what === 'reasons') {
      this.summary = { ...this.summary, problems: [], reason_changes: [] };
      const { revision, state } = this.review;
      return { status: 200, body: { revision, saved_at: comment.at, state, merged: null } };
    }
    if (what === 'withdraw') {
      this.review = { ...this.review, approvals: [], state: 'in_review' };
      return { status: 200, body: this.review };
    }
    const kinds = {
      comments: 'comment',
      'send-back': 'sent_back',
      'hand-in': 'handed_in',
    } as const;
    const made = { ...comment, kind: kinds[what as keyof typeof kinds] };
    this.comments = [...this.comments, made];
    if (what !== 'comments') {
      this.review = { ...this.review, sent_back: what === 'send-back' ? made : null };
    }
    return { status: 201, body: this.comments };
  }

  #save(sent: { base: number; document: api.ReviewDocument }): { status: number; body: unknown } {
    const { revision, changed_by: by, changed_at: at } = this.review;
    if (sent.base !== revision) {
      return problem(409, 'newer_revision', 'Somebody saved a newer revision.', {
        revision,
        by,
        at,
      });
    }
    if (this.review.approvals.length > 0) {
      return problem(409, 'approved', 'Ben Ito approved this review.');
    }
    this.saves.push(sent.document);
    this.revisions.push(this.review);
    this.review = { ...this.review, revision: revision + 1, document: sent.document };
    const saved: api.Saved = {
      revision: revision + 1,
      saved_at: '2026-03-02T10:00:00Z',
      state: 'in_review',
      merged: null,
    };
    return { status: 200, body: saved };
  }

  #file(path: string, response: ServerResponse): void {
    const name = path === '/' ? '/index.html' : path;
    const file = resolve(DIST, `.${name}`);
    if (!file.startsWith(DIST) || !existsSync(file)) {
      response.writeHead(404).end();
      return;
    }
    response.setHeader('Content-Type', TYPES[extname(file)] ?? 'application/octet-stream');
    response.end(readFileSync(file));
  }

  /** A picture out of the clip; for a thumbnail: what the track shows at its start. */
  #still(path: string, response: ServerResponse): void {
    // The picture of a worst frame is the same: a track of the sample looks alike throughout.
    const [kind, value] = path
      .replace(/\/worst$/, '')
      .split('/')
      .slice(-2) as [string, string];
    // Of many tracks a few pictures have to do: each is made by a program that takes its time.
    const number = kind === 'thumbnails' && Number(value) > 8 ? 1 : Number(value);
    const key = `${kind}-${number}`;
    let still = this.#stills.get(key);
    if (still === undefined) {
      still = extract(kind, number, this.found);
      this.#stills.set(key, still);
    }
    response.setHeader('Content-Type', 'image/jpeg');
    response.end(still);
  }
}

function problem(
  status: number,
  code: string,
  message: string,
  details?: unknown,
): { status: number; body: api.ApiErrorBody } {
  return { status, body: { error: { code, message, details } } };
}

function extract(kind: string, value: number, found: api.Found): Buffer {
  let frame = value % 300;
  let crop = 'scale=1280:-2';
  if (kind === 'thumbnails') {
    const track = found.tracks.find((t) => t.id === value);
    if (track !== undefined) {
      const middle = Math.floor((track.end - track.start) / 2);
      const [left, top, right, bottom] = track.boxes.slice(middle * 4, middle * 4 + 4) as api.Rect;
      frame = (track.start + middle) % 300;
      const [w, h] = [Math.max(0.02, right - left), Math.max(0.02, bottom - top)];
      crop = `crop=iw*${w}:ih*${h}:iw*${left}:ih*${top},scale=160:-2`;
    }
  }
  const second = String((frame + 0.1) / 30);
  const args = ['-v', 'error', '-ss', second, '-i', CLIP, '-vf', crop, '-frames:v', '1'];
  return execFileSync('ffmpeg', [...args, '-f', 'mjpeg', '-'], { maxBuffer: 1 << 24 });
}

function sendRange(clip: string, request: IncomingMessage, response: ServerResponse): void {
  const size = statSync(clip).size;
  const match = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const from = Number(match?.[1] ?? 0);
  const to = match?.[2] ? Number(match[2]) : size - 1;
  response.writeHead(match ? 206 : 200, {
    'Content-Type': 'video/mp4',
    'Accept-Ranges': 'bytes',
    'Content-Length': to - from + 1,
    ...(match ? { 'Content-Range': `bytes ${from}-${to}/${size}` } : {}),
  });
  createReadStream(clip, { start: from, end: to }).pipe(response);
}
