import { commands, Disposable, EventEmitter, type Pseudoterminal, type Terminal, window, workspace } from 'vscode';
import type { DebugSessions, TrapdoorSession } from './debug/sessions.ts';

/** A terminal that is the far end of a guest's serial line. */
class UartTerminal implements Pseudoterminal {
  private readonly writeEmitter = new EventEmitter<string>();
  readonly onDidWrite = this.writeEmitter.event;
  /** Output until the terminal is first shown: before that nobody takes it. */
  private pending: string[] | undefined = [];
  private lastCharacter = '';
  private session: TrapdoorSession | undefined;
  readonly terminal: Terminal;

  constructor(session: TrapdoorSession) {
    this.session = session;
    this.terminal = window.createTerminal({ name: `UART: ${session.session.name}`, pty: this });
  }

  open(): void {
    const pending = this.pending ?? [];
    this.pending = undefined;
    for (const text of pending) this.writeEmitter.fire(text);
  }

  close(): void {
    this.writeEmitter.dispose();
  }

  handleInput(text: string): void {
    this.session?.request('trapdoor/uartInput', { text }).then(undefined, (problem: unknown) => {
      window.showErrorMessage(
        `The UART did not take the input: ${problem instanceof Error ? problem.message : problem}`,
      );
    });
  }

  /** Shows what the guest wrote. A line feed without a carriage return, as bare-metal programs write it, gets one. */
  write(text: string): void {
    let shown = '';
    for (const character of text) {
      if (character === '\n' && this.lastCharacter !== '\r') shown += '\r';
      shown += character;
      this.lastCharacter = character;
    }
    this.emit(shown);
  }

  /** The machine is gone; what it wrote stays readable. */
  end(): void {
    this.session = undefined;
    this.emit('\r\n\x1b[2m[the machine has ended]\x1b[0m\r\n');
  }

  private emit(text: string): void {
    if (this.pending) this.pending.push(text);
    else this.writeEmitter.fire(text);
  }
}

/** One terminal for each debug session whose guest writes to its UART, or for which the user asks. */
export function registerUartTerminals(sessions: DebugSessions): Disposable {
  const live = new Map<TrapdoorSession, UartTerminal>();
  /** Terminals of ended sessions, by session name: the next run of the same configuration takes their place. */
  const ended = new Map<string, Terminal>();

  const terminalOf = (session: TrapdoorSession): UartTerminal => {
    let uart = live.get(session);
    if (!uart) {
      ended.get(session.session.name)?.dispose();
      ended.delete(session.session.name);
      uart = new UartTerminal(session);
      live.set(session, uart);
      if (workspace.getConfiguration('trapdoor').get('uart.reveal') === 'onOutput') uart.terminal.show(true);
    }
    return uart;
  };

  return Disposable.from(
    sessions.onUartOutput(({ session, text }) => terminalOf(session).write(text)),
    sessions.onDidEnd(session => {
      const uart = live.get(session);
      if (!uart) return;
      uart.end();
      live.delete(session);
      ended.set(session.session.name, uart.terminal);
    }),
    window.onDidCloseTerminal(closed => {
      for (const [session, uart] of live) if (uart.terminal === closed) live.delete(session);
      for (const [name, terminal] of ended) if (terminal === closed) ended.delete(name);
    }),
    commands.registerCommand('trapdoor.showUart', () => {
      const session = sessions.active;
      if (session) terminalOf(session).terminal.show();
      else window.showInformationMessage('No machine is running.');
    }),
  );
}
