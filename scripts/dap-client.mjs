// A small client of the Debug Adapter Protocol over an adapter's standard input and output.
import { spawn } from 'node:child_process';
import { EventEmitter } from 'node:events';

/**
 * Starts an adapter and speaks to it. Emits `event` for each event of the adapter and `end` when its process is gone.
 */
export class DapClient extends EventEmitter {
  #process;
  #sequence = 0;
  #buffer = Buffer.alloc(0);
  /** @type {Map<number, { command: string, resolve: (body: any) => void, reject: (problem: Error) => void }>} */
  #waiting = new Map();
  /** @type {string | undefined} */
  #ended;

  /** @param {string} command @param {string[]} words */
  constructor(command, words) {
    super();
    this.#process = spawn(command, words, { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#process.stdout.on('data', chunk => this.#take(chunk));
    this.#process.once('error', problem => this.#end(problem.message));
    this.#process.once('exit', (code, signal) => this.#end(`it ended with ${signal ?? `status ${code}`}`));
  }

  /**
   * Sends a request; resolves to the response's body, rejects with the adapter's message.
   * @param {string} command @param {object} [args] @returns {Promise<any>}
   */
  request(command, args = {}) {
    if (this.#ended) return Promise.reject(new Error(`${command}: no debug adapter: ${this.#ended}`));
    const seq = ++this.#sequence;
    const text = JSON.stringify({ seq, type: 'request', command, arguments: args });
    this.#process.stdin.write(`Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`);
    return new Promise((resolve, reject) => this.#waiting.set(seq, { command, resolve, reject }));
  }

  /**
   * The next event of one of these names, with its body. Rejects when the adapter ends first.
   * @param {...string} names @returns {Promise<{ event: string, body: any }>}
   */
  next(...names) {
    return new Promise((resolve, reject) => {
      const done = () => {
        this.off('event', onEvent);
        this.off('end', onEnd);
      };
      const onEvent = message => {
        if (!names.includes(message.event)) return;
        done();
        resolve(message);
      };
      const onEnd = reason => {
        done();
        reject(new Error(`waiting for ${names.join(' or ')}: no debug adapter: ${reason}`));
      };
      this.on('event', onEvent);
      this.on('end', onEnd);
      if (this.#ended) onEnd(this.#ended);
    });
  }

  /** Ends the adapter's process, if it has not ended by itself. */
  close() {
    if (!this.#ended) this.#process.kill();
  }

  #end(reason) {
    if (this.#ended) return;
    this.#ended = reason;
    for (const { command, reject } of this.#waiting.values())
      reject(new Error(`${command}: no debug adapter: ${reason}`));
    this.#waiting.clear();
    this.emit('end', reason);
  }

  #take(chunk) {
    this.#buffer = Buffer.concat([this.#buffer, chunk]);
    for (;;) {
      const headerEnd = this.#buffer.indexOf('\r\n\r\n');
      if (headerEnd < 0) return;
      const length = /Content-Length: *(\d+)/i.exec(this.#buffer.toString('latin1', 0, headerEnd))?.[1];
      if (length === undefined) throw new Error('a message of the debug adapter has no Content-Length');
      const start = headerEnd + 4;
      const end = start + Number(length);
      if (this.#buffer.length < end) return;
      const message = JSON.parse(this.#buffer.toString('utf8', start, end));
      this.#buffer = this.#buffer.subarray(end);
      this.#dispatch(message);
    }
  }

  #dispatch(message) {
    if (message.type === 'event') {
      this.emit('event', message);
      return;
    }
    if (message.type !== 'response') return;
    const waiting = this.#waiting.get(message.request_seq);
    if (!waiting) return;
    this.#waiting.delete(message.request_seq);
    if (message.success) waiting.resolve(message.body);
    else
      waiting.reject(new Error(`${waiting.command}: ${message.body?.error?.format ?? message.message ?? 'refused'}`));
  }
}
