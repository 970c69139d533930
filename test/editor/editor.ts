import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, chromium, type FrameLocator, type Locator, type Page } from 'playwright-core';
import { startCodeServer } from '../../scripts/code-server.mjs';
import { packageExtension } from '../../scripts/package.mjs';
import { provisionedEditor } from '../../scripts/provision-editor.mjs';
import { findProgram } from '../support/requires.ts';

/** Where screenshots are kept, for people to look at. */
const screenshots = fileURLToPath(new URL('../../test-output/', import.meta.url));

const settings = {
  'workbench.colorTheme': 'Default Dark Modern',
  'window.restoreWindows': 'none',
  'window.confirmBeforeClose': 'never',
  'debug.openDebug': 'openOnDebugBreak',
  'editor.minimap.enabled': false,
  // The terminal's text stands on the page instead of in a picture.
  'terminal.integrated.gpuAcceleration': 'off',
  'git.enabled': false,
  'npm.autoDetect': 'off',
};

const chromiumWords = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** A real VS Code with the packed extension, driven as a person drives it: keys, clicks, and what stands on the page. */
export class Editor {
  readonly page: Page;
  /** The folder that is open. */
  readonly folder: string;
  private readonly browser: Browser;
  private readonly stopServer: () => void;
  private readonly scratch: string;

  private constructor(parts: {
    page: Page;
    folder: string;
    browser: Browser;
    stopServer: () => void;
    scratch: string;
  }) {
    this.page = parts.page;
    this.folder = parts.folder;
    this.browser = parts.browser;
    this.stopServer = parts.stopServer;
    this.scratch = parts.scratch;
  }

  /** Packs and installs the extension and opens a copy of `source`. */
  static async start(source: string): Promise<Editor> {
    const editor = provisionedEditor();
    const executablePath = findProgram('chromium');
    if (!editor || !executablePath) throw new Error('code-server or chromium is missing');
    const scratch = mkdtempSync(join(tmpdir(), 'trapdoor-editor-'));
    const folder = join(scratch, 'workspace');
    cpSync(source, folder, { recursive: true });
    const { file: vsix } = await packageExtension(join(scratch, 'trapdoor.vsix'));
    const server = await startCodeServer({ editor, vsix, folder, profile: join(scratch, 'profile'), settings });
    let browser: Browser | undefined;
    try {
      browser = await chromium.launch({ executablePath, headless: true, args: chromiumWords });
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
      const page = await context.newPage();
      // A machine shared with other tests is slow at times.
      page.setDefaultTimeout(60_000);
      await page.goto(server.url);
      await page.locator('.monaco-workbench').waitFor();
      await page.locator('.explorer-folders-view .monaco-list-row').first().waitFor();
      return new Editor({ page, folder, browser, stopServer: server.stop, scratch });
    } catch (problem) {
      await browser?.close();
      server.stop();
      throw problem;
    }
  }

  async close(): Promise<void> {
    await this.browser.close();
    this.stopServer();
    // The server writes its state while it ends.
    rmSync(this.scratch, { recursive: true, force: true, maxRetries: 20, retryDelay: 100 });
  }

  async screenshot(name: string): Promise<void> {
    mkdirSync(screenshots, { recursive: true });
    await this.page.screenshot({ path: join(screenshots, `${name}.png`) });
  }

  private failure: string | undefined;

  /** Runs the test's steps as {@link showing} does, unless a step before has failed: what follows would mean nothing. */
  async step<T>(name: string, steps: () => Promise<T>): Promise<T> {
    if (this.failure) throw new Error(`not reached: '${this.failure}' failed before`);
    try {
      return await this.showing(name, steps);
    } catch (problem) {
      this.failure = name;
      throw problem;
    }
  }

  /** Runs the test's steps; when one fails, what stood on the page is kept as a picture. */
  async showing<T>(name: string, steps: () => Promise<T>): Promise<T> {
    try {
      return await steps();
    } catch (problem) {
      await this.screenshot(`failed-${name}`);
      throw problem;
    }
  }

  async press(...keys: string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** Begins to debug; a key for which the editor was not yet ready is pressed again. For what stops or runs for a while. */
  async startDebugging(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.press('F5');
        await this.page.locator('.debug-toolbar').waitFor({ timeout: 15_000 });
        return;
      } catch (problem) {
        if (attempt === 3) throw problem;
      }
    }
  }

  private async quickInput(text: string): Promise<void> {
    const input = this.page.locator('.quick-input-widget .quick-input-box input');
    await input.waitFor({ state: 'visible' });
    await input.fill(text, { timeout: 5_000 });
  }

  /** Opens the box of commands and files by a key, types, and picks the row with the text. */
  private async pick(key: string, typed: string, row: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await this.press(key);
        await this.quickInput(typed);
        const found = this.page.locator('.quick-input-list .monaco-list-row', { hasText: row }).first();
        await found.click({ timeout: 10_000 });
        return;
      } catch (problem) {
        // The box closes when the editor takes the focus, as it does when the machine stops.
        if (attempt === 3) throw problem;
      }
    }
  }

  /** Runs a command of the palette by its whole title. */
  async command(title: string): Promise<void> {
    await this.pick('F1', `>${title}`, title);
  }

  async openFile(name: string): Promise<void> {
    await this.pick('Control+P', name, name);
    await this.page.locator('.tab.active', { hasText: name }).waitFor();
    await this.page.locator('.editor-instance .view-line').first().waitFor();
  }

  /** Opens a file by a click in the explorer, as one does with a file that is no text. */
  async selectInExplorer(name: string): Promise<void> {
    await this.press('Control+Shift+E');
    await this.page.locator('.explorer-folders-view .monaco-list-row', { hasText: name }).first().click();
    await this.page.locator('.tab.active', { hasText: name }).waitFor();
  }

  /** Puts the cursor at the start of a line, counted from 1. */
  async goToLine(line: number): Promise<void> {
    await this.press('Control+G');
    await this.quickInput(`:${line}`);
    await this.press('Enter');
    await this.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  }

  /** A line of the editor that is in view and holds the text. */
  line(text: string): Locator {
    return this.page.locator('.editor-instance .view-line', { hasText: text }).first();
  }

  /** Shows the hover of a word in the editor and returns its text. */
  async hover(lineText: string, word: string): Promise<string> {
    const span = this.line(lineText).locator('span span', { hasText: word }).last();
    await span.hover();
    const hover = this.page.locator('.monaco-hover:visible .hover-contents', { hasText: /\S/ }).first();
    await hover.waitFor();
    return (await this.page.locator('.monaco-hover:visible').allInnerTexts()).join('\n');
  }

  readonly errorSquiggles = (): Locator => this.page.locator('.editor-instance .squiggly-error');

  /** The item of the status bar with this id, as the extension gave it. */
  statusItem(id: string): Locator {
    return this.page.locator(`[id="trapdoor.trapdoor.${id}"]`);
  }

  /** Shows the side bar of the debugger with only these views open, so that their rows are on the page. */
  async showDebugViews(...names: string[]): Promise<void> {
    await this.press('Control+Shift+D');
    const headers = this.page.locator('.debug-viewlet .pane-header');
    await headers.first().waitFor();
    for (let index = 0; index < (await headers.count()); index++) {
      const header = headers.nth(index);
      // The header of a view says its name in its label, with a word for what the view is.
      const label = (await header.getAttribute('aria-label')) ?? '';
      const wanted = names.some(name => label.toLowerCase().startsWith(name.toLowerCase()));
      if (((await header.getAttribute('aria-expanded')) === 'true') !== wanted) await header.click();
    }
  }

  /** Draws the border of the side bar to so many pixels from the left. */
  async widenSideBar(to: number): Promise<void> {
    const box = await this.page.locator('.part.sidebar').boundingBox();
    if (!box) throw new Error('the side bar is not shown');
    await this.page.mouse.move(box.x + box.width, box.y + box.height / 2);
    await this.page.mouse.down();
    await this.page.mouse.move(to, box.y + box.height / 2, { steps: 4 });
    await this.page.mouse.up();
  }

  /** Waits until the machine is stopped before the line of the editor that holds this text. */
  async nextLine(text: string): Promise<void> {
    await this.page.waitForFunction(wanted => {
      const top = (element: Element | null | undefined): number => element?.getBoundingClientRect().top ?? Number.NaN;
      // The editor writes blanks as no-break spaces.
      const words = (line: Element): string => (line.textContent ?? '').replace(/\s+/g, ' ');
      const lines = [...document.querySelectorAll('.editor-instance .view-line')];
      const mark = document.querySelector('.editor-instance .debug-top-stack-frame-line');
      return lines.some(line => words(line).includes(wanted) && Math.abs(top(line) - top(mark)) < 8);
    }, text);
  }

  /** Presses the debug toolbar's button for a step back, which has no key. */
  async stepBack(): Promise<void> {
    await this.page.locator('.debug-toolbar .codicon-debug-step-back').click();
  }

  /** The check box of an exception filter in the view *Breakpoints*. */
  exceptionFilter(label: string): Locator {
    return this.page
      .locator('.debug-breakpoints .monaco-list-row', { hasText: label })
      .locator('.monaco-checkbox')
      .first();
  }

  /** Gives an exception filter in the view *Breakpoints* a condition, and checks its box. */
  async setFilterCondition(label: string, condition: string): Promise<void> {
    const row = this.page.locator('.debug-breakpoints .monaco-list-row', { hasText: label }).first();
    await row.hover();
    await row.locator('.codicon-edit').first().click();
    await this.page.locator('.debug-breakpoints .inputBoxContainer input').fill(condition);
    await this.press('Enter');
    await this.page.locator('.debug-breakpoints .monaco-list-row', { hasText: condition }).waitFor();
    await this.exceptionFilter(label).check();
  }

  /** The terminal in front, with its text. */
  readonly terminal = (): Locator => this.page.locator('.terminal-wrapper .xterm-rows');

  /** Types into the terminal in front, as a person does after a click on it. */
  async typeInTerminal(text: string): Promise<void> {
    await this.page.locator('.terminal-wrapper .xterm-screen').click();
    await this.page.keyboard.type(text);
  }

  /** Adds a breakpoint on a function, by the view *Breakpoints*, which must be shown. */
  async addFunctionBreakpoint(name: string): Promise<void> {
    await this.command('Add Function Breakpoint');
    await this.page.locator('.debug-breakpoints .inputBoxContainer input').fill(name);
    await this.press('Enter');
    await this.page.locator('.debug-breakpoints .monaco-list-row', { hasText: name }).waitFor();
  }

  /** Messages that stand in the corner. */
  readonly notifications = (): Locator => this.page.locator('.notification-toast');

  /** Rows of the view *Exceptions* that hold the text, the latest first. */
  exceptions(text: string): Locator {
    return this.page.locator('.pane', { hasText: 'Exceptions' }).locator('.monaco-list-row', { hasText: text });
  }

  /** The page of the view *Exception levels*. */
  levels(): FrameLocator {
    return this.page.frameLocator('iframe.webview').frameLocator('iframe#active-frame');
  }

  /** A row of the view *Variables* that holds the text. */
  variable(text: string | RegExp): Locator {
    return this.page.locator('.debug-variables .monaco-list-row', { hasText: text }).first();
  }

  /** Opens a row of the view *Variables*, if it is not open. */
  async expandVariable(text: string | RegExp): Promise<void> {
    const row = this.variable(text);
    await row.waitFor();
    if ((await row.getAttribute('aria-expanded')) !== 'true') await row.locator('.monaco-tl-twistie').click();
    await this.page.waitForFunction(
      element => element?.getAttribute('aria-expanded') === 'true',
      await row.elementHandle(),
    );
  }

  /** The rows of a list or tree, each as one line. */
  private async rows(list: Locator): Promise<string[]> {
    await list.first().waitFor();
    return (await list.allInnerTexts()).map(text => text.replace(/\s+/g, ' ').trim());
  }

  readonly variables = (): Promise<string[]> => this.rows(this.page.locator('.debug-variables .monaco-list-row'));
  readonly callStack = (): Promise<string[]> => this.rows(this.page.locator('.debug-call-stack .monaco-list-row'));
  readonly disassembly = (): Promise<string[]> => this.rows(this.page.locator('.disassembly-view .monaco-list-row'));
}
