// The real desk as a process on a data folder of its own, which a test may kill at any moment.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import {
  cpSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { ROOT, TARGET } from './chromium';

export const REDACT = process.env['REDACT'] ?? resolve(TARGET, 'release/redact');

/** The library that shows a program another time, from Debian's package `faketime`. */
export const FAKETIME = readdirSync('/usr/lib')
  .map((name) => `/usr/lib/${name}/faketime/libfaketimeMT.so.1`)
  .find((path) => existsSync(path));

export class Server {
  readonly folder = mkdtempSync(join(tmpdir(), 'redact-desk-'));
  /** More options of `redact desk`. */
  readonly options: string[];
  /** Milliseconds that the desk's clock is ahead of this machine's; 0: the same. */
  #ahead = 0;
  address = '';
  /** One-time link that makes the administrator. */
  link = '';
  #process: ChildProcess | null = null;
  #port = 0;

  constructor(...options: string[]) {
    this.options = options;
  }

  get environment(): NodeJS.ProcessEnv {
    return { ...process.env, REDACT_HOME: join(this.folder, 'keys'), REDACT_LOG: 'warn' };
  }

  async start(): Promise<void> {
    if (this.#port === 0) {
      this.#port = await freePort();
      this.address = `http://127.0.0.1:${this.#port}`;
      execFileSync(REDACT, ['key', 'new'], { env: this.environment, stdio: 'pipe' });
      this.#writePolicies();
    }
    const listen = `127.0.0.1:${this.#port}`;
    const folders = ['--data', this.#in('data'), '--policies', this.#in('policies')];
    const started = spawn(REDACT, ['desk', ...folders, '--listen', listen, ...this.options], {
      cwd: ROOT,
      env: { ...this.environment, ...this.#clock() },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#process = started;
    let said = '';
    for (const stream of [started.stdout, started.stderr]) {
      stream.on('data', (text: Buffer) => {
        said += text.toString();
        this.link = /http\S+#\/welcome\/\S+/.exec(said)?.[0] ?? this.link;
      });
    }
    await until('the desk to answer', 20_000, async () => {
      if (started.exitCode !== null) throw new Error(`the desk ended: ${said}`);
      const answer = await fetch(`${this.address}/api/state`).catch(() => null);
      return answer?.ok === true;
    });
  }

  /** Milliseconds since 1970 by the desk's clock. */
  now(): number {
    return Date.now() + this.#ahead;
  }

  /** Starts the desk again at another time, given in UTC: `2026-03-02T15:00:00Z`. */
  async startAt(time: string): Promise<void> {
    await this.kill();
    this.#ahead = Date.parse(time) - Date.now();
    await this.start();
  }

  #clock(): NodeJS.ProcessEnv {
    if (this.#ahead === 0 || FAKETIME === undefined) return {};
    return {
      LD_PRELOAD: FAKETIME,
      FAKETIME: `${this.#ahead < 0 ? '' : '+'}${Math.round(this.#ahead / 1000)}`,
      // Timeouts go on as they are.
      FAKETIME_DONT_FAKE_MONOTONIC: '1',
    };
  }

  #in(name: string): string {
    return join(this.folder, name);
  }

  /** The policies of the program, which here ask for signed approvals as well. */
  #writePolicies(): void {
    for (const name of ['policies', 'reasons']) {
      cpSync(resolve(ROOT, name), this.#in(name), { recursive: true });
    }
    for (const name of readdirSync(this.#in('policies')).filter((n) => n.endsWith('.toml'))) {
      const file = join(this.#in('policies'), name);
      const text = readFileSync(file, 'utf8');
      writeFileSync(file, text.replace('[approval]', '[approval]\nsigned = true'));
    }
  }

  /** As a power cut would: no chance to tidy up. */
  async kill(): Promise<void> {
    const process = this.#process;
    if (process === null) return;
    const gone = new Promise((done) => process.once('exit', done));
    process.kill('SIGKILL');
    await gone;
    this.#process = null;
  }

  async restart(): Promise<void> {
    await this.kill();
    await this.start();
  }

  async end(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** What an authenticator app shows, never the same code twice (RFC 6238, SHA-1, 30 s). */
export class Authenticator {
  #last = 0;
  constructor(
    readonly secret: string,
    /** The clock of the desk. */
    readonly now: () => number = Date.now,
  ) {}

  async code(): Promise<string> {
    // The desk takes a code from 9 s before its half minute on, and each only once.
    const step = (): number => Math.floor((this.now() + 8_000) / 30_000);
    await until('a code that was not used', 40_000, () => Promise.resolve(step() > this.#last));
    this.#last = step();
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(this.#last));
    const hash = createHmac('sha1', base32(this.secret)).update(counter).digest();
    const at = hash[19]! & 15;
    return String((hash.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
  }
}

function base32(text: string): Buffer {
  const bits = [...text.replace(/[\s=]/g, '')]
    .map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0'))
    .join('');
  return Buffer.from((bits.match(/.{8}/g) ?? []).map((byte) => parseInt(byte, 2)));
}

export async function until(
  what: string,
  ms: number,
  holds: () => Promise<boolean>,
): Promise<void> {
  const end = Date.now() + ms;
  while (!(await holds())) {
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}`);
    await new Promise((done) => setTimeout(done, 100));
  }
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const probe = createServer().listen(0, '127.0.0.1', () => {
      const { port } = probe.address() as AddressInfo;
      probe.close(() => done(port));
    });
  });
}
