import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  CompletionRequest,
  DefinitionRequest,
  DiagnosticSeverity,
  DocumentSymbolRequest,
  HoverRequest,
  type Location,
  type MarkupContent,
  ReferencesRequest,
  SemanticTokensRequest,
  SignatureHelpRequest,
} from 'vscode-languageserver/node';
import { marked, Session } from './support/client.ts';

let session: Session;
let count = 0;

const files = {
  '/project/include/board.h':
    '#define UART_BASE 0x09000000\n.macro put character\n\tmov w0, #\\character\n\tbogus \\character\n.endm\n',
};

beforeAll(async () => {
  session = await Session.start(files);
});

afterAll(() => session.close());

const fresh = (extension = 'S') => `file:///project/source${count++}.${extension}`;

async function diagnosticsOf(text: string, extension = 'S') {
  const diagnostics = await session.open(fresh(extension), text);
  return diagnostics.map(({ range, message, severity, relatedInformation }) => ({
    line: range.start.line + 1,
    columns: `${range.start.character}-${range.end.character}`,
    message,
    severity,
    related: relatedInformation?.map(
      one => `${one.location.uri.split('/').pop()}:${one.location.range.start.line + 1} ${one.message}`,
    ),
  }));
}

async function hoverAt(source: string, extension = 'S'): Promise<string> {
  const { text, position } = marked(source);
  const uri = fresh(extension);
  await session.open(uri, text);
  const answer = await session.connection.sendRequest(HoverRequest.type, { textDocument: { uri }, position });
  return answer ? (answer.contents as MarkupContent).value : '';
}

async function completionAt(source: string): Promise<string[]> {
  const { text, position } = marked(source);
  const uri = fresh();
  await session.open(uri, text);
  const answer = await session.connection.sendRequest(CompletionRequest.type, { textDocument: { uri }, position });
  return (Array.isArray(answer) ? answer : []).map(item => item.label);
}

async function definitionAt(source: string): Promise<string[]> {
  const { text, position } = marked(source);
  const uri = fresh();
  await session.open(uri, text);
  const answer = await session.connection.sendRequest(DefinitionRequest.type, { textDocument: { uri }, position });
  const locations = (Array.isArray(answer) ? answer : answer ? [answer] : []) as Location[];
  return locations.map(one => `${one.uri === uri ? 'here' : one.uri.split('/').pop()}:${one.range.start.line + 1}`);
}

describe('diagnostics', () => {
  test('a correct source has none', async () => {
    expect(await diagnosticsOf('_start:\n\tmov x0, #1\n\tb _start\n')).toEqual([]);
  });

  test('one bad line does not disturb the next', async () => {
    const found = await diagnosticsOf('\tmov x0, #1\n\tmov x0,\n\tfrobnicate x1\n\tadd x0, x1, x2\n');
    expect(found.map(one => one.line)).toEqual([2, 3]);
    expect(found[1]!.message).toBe('`frobnicate` is not an instruction, directive or macro.');
  });

  test('they come and go with each change', async () => {
    const uri = fresh();
    expect(await session.open(uri, '\tnop\n')).toEqual([]);
    expect(await session.change(uri, '\tnopp\n')).toHaveLength(1);
    expect(await session.change(uri, '\tnop\n')).toEqual([]);
  });

  test('a problem inside a macro is shown at its call, with the body as a related place', async () => {
    const found = await diagnosticsOf('.macro twice\n\tnop\n\tbogus\n.endm\n\ttwice\n', 's');
    expect(found).toEqual([
      {
        line: 5,
        columns: '1-6',
        message: '`bogus` is not an instruction, directive or macro.',
        severity: DiagnosticSeverity.Error,
        related: [expect.stringMatching(/:3 in the expansion of `twice`$/)],
      },
    ]);
  });

  test('a problem in an included file is shown at the call and names the file', async () => {
    const found = await diagnosticsOf('#include "board.h"\n\tput 65\n');
    expect(found[0]).toMatchObject({ line: 2 });
    expect(found[0]!.related?.join()).toContain('board.h:4');
  });

  test('a missing header is an information, and what it might define is no error', async () => {
    const found = await diagnosticsOf('#include "generated.h"\n\tget_base x0\n\tmov x0, #SIZE_OF_FRAME\n');
    expect(found.map(one => [one.line, one.severity, one.message])).toEqual([
      [1, DiagnosticSeverity.Information, 'The file `generated.h` is not found.'],
    ]);
  });

  test('a label that is defined twice is told at the second place', async () => {
    const found = await diagnosticsOf('one:\n\tnop\none:\n\tnop\n');
    expect(found).toMatchObject([{ line: 3, columns: '0-3', message: '`one` is already defined.' }]);
  });
});

describe('hover', () => {
  test('an instruction shows what it does, its syntax and the bits of this word', async () => {
    const text = await hoverAt('\ta|dd x0, x1, #4\n');
    expect(text).toContain('ADD (immediate)');
    expect(text).toContain('add <d>, <n>, <imm>');
    expect(text).toContain('0x91001020');
    expect(text).toMatch(/imm12/);
  });

  test('a system register shows fields, access and traps', async () => {
    const text = await hoverAt('\tmsr h|cr_el2, x0\n');
    expect(text).toContain('**HCR_EL2**');
    expect(text).toContain('| TGE |');
    expect(text).toContain('from EL2 up');
    const trapped = await hoverAt('\tmsr sctlr|_el1, x0\n');
    expect(trapped).toContain('Trapped to EL2 on write when HCR_EL2.TVM = 1');
    const nested = await hoverAt('\tmsr vttbr|_el2, x0\n');
    expect(nested).toContain('Trapped to EL2 when HCR_EL2.NV = 1');
    expect(nested).toContain(
      'An access from EL1 reaches memory at VNCR_EL2 + 0x20 when HCR_EL2.NV = 1 and HCR_EL2.NV2 = 1',
    );
  });

  test('a symbol shows where it lies and its line', async () => {
    const text = await hoverAt('// Says hello.\nhello:\n\tnop\n\tbl hel|lo\n');
    expect(text).toContain('.text + 0x0');
    expect(text).toContain('Says hello.');
  });

  test('a macro call shows what it becomes', async () => {
    const text = await hoverAt('.macro two\n\tnop\n\tret\n.endm\n\tt|wo\n', 's');
    expect(text).toContain('0xd503201f  nop');
    expect(text).toContain('0xd65f03c0  ret');
  });

  test('a directive shows its syntax', async () => {
    expect(await hoverAt('\t.al|ign 3\n')).toContain('.align power');
  });

  test('a preprocessor macro shows its definition', async () => {
    expect(await hoverAt('#define SIZE 64\n\tmov x0, #SI|ZE\n')).toContain('#define SIZE 64');
  });
});

describe('completion', () => {
  test('at the front of a line: instructions, directives and macros', async () => {
    const labels = await completionAt('.macro mine\n.endm\n\t|\n');
    expect(labels).toEqual(expect.arrayContaining(['add', 'eret', 'b.eq', '.align', 'mine']));
  });

  test('behind MSR: system registers that can be written', async () => {
    const labels = await completionAt('\tmsr h|\n');
    expect(labels).toContain('hcr_el2');
    expect(labels).not.toContain('midr_el1');
  });

  test('behind TLBI: its operations', async () => {
    expect(await completionAt('\ttlbi |\n')).toContain('vmalle1is');
  });

  test('among operands: registers, labels and constants', async () => {
    const labels = await completionAt('#define SIZE 4\nloop:\n\tcbz |\n');
    expect(labels).toEqual(expect.arrayContaining(['x0', 'loop', 'SIZE']));
  });
});

describe('navigation', () => {
  test('from a branch to its label', async () => {
    expect(await definitionAt('loop:\n\tnop\n\tb lo|op\n')).toEqual(['here:1']);
  });

  test('from a numeric reference to the right label', async () => {
    expect(await definitionAt('1:\tnop\n1:\tnop\n\tb 1|b\n1:\tnop\n')).toEqual(['here:2']);
    expect(await definitionAt('1:\tnop\n1:\tnop\n\tb 1|f\n1:\tnop\n')).toEqual(['here:4']);
  });

  test('from a call to a macro, from a name to its #define, from a constant to its .set', async () => {
    expect(await definitionAt('.macro go\n\tnop\n.endm\n\tg|o\n')).toEqual(['here:1']);
    expect(await definitionAt('#define N 1\n\tmov x0, #|N\n')).toEqual(['here:1']);
    expect(await definitionAt('.set N, 1\n\tmov x0, #|N\n')).toEqual(['here:1']);
  });

  test('through an include', async () => {
    expect(await definitionAt('#include "board.h"\n\tldr x0, =UART|_BASE\n')).toEqual(['board.h:1']);
    expect(await definitionAt('#include "boa|rd.h"\n')).toEqual(['board.h:1']);
  });

  test('to another open source for a global symbol', async () => {
    await session.open('file:///project/other.S', '\n\t.global far_away\nfar_away:\n\tret\n');
    expect(await definitionAt('\tbl far|_away\n')).toEqual(['other.S:3']);
  });

  test('all mentions of a label', async () => {
    const uri = fresh();
    await session.open(uri, 'loop:\n\tcbz x0, loop\n\tb loop\n\tb loops\nloops:\n');
    const found = await session.connection.sendRequest(ReferencesRequest.type, {
      textDocument: { uri },
      position: { line: 0, character: 1 },
      context: { includeDeclaration: true },
    });
    expect(found?.map(one => one.range.start.line + 1)).toEqual([1, 2, 3]);
  });

  test('the outline names labels, constants and macros', async () => {
    const uri = fresh();
    await session.open(
      uri,
      '#define N 1\n.set M, 2\n.macro mac\n.endm\n\t.global main\nmain:\n\tnop\n1:\n.Lhidden:\n\t.data\nitem:\t.word 1\n',
    );
    const found = await session.connection.sendRequest(DocumentSymbolRequest.type, { textDocument: { uri } });
    expect(found?.map(one => one.name)).toEqual(['N', 'M', 'mac', 'main', 'item']);
  });
});

describe('other features', () => {
  test('signature help follows the commas outside of brackets', async () => {
    const uri = fresh();
    await session.open(uri, '\tldr x0, [x1, x2], \n\tadd x0, x1, \n');
    const help = await session.connection.sendRequest(SignatureHelpRequest.type, {
      textDocument: { uri },
      position: { line: 1, character: 13 },
    });
    expect(help?.activeParameter).toBe(2);
    expect(help?.signatures[help.activeSignature ?? 0]?.label).toMatch(/^add <\w+>, <\w+>, <\w+>/);
  });

  test('semantic tokens cover mnemonics, registers, labels and what conditions leave out', async () => {
    const uri = fresh();
    await session.open(uri, 'top:\tmov x0, #1\n#if 0\n\tgarbage here\n#endif\n');
    const tokens = await session.connection.sendRequest(SemanticTokensRequest.type, { textDocument: { uri } });
    expect(tokens?.data.length).toBe(5 * 5);
  });
});
