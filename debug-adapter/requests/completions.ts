import type { DebugProtocol } from '@vscode/debugprotocol';
import { findSystemRegister, systemRegisters } from '../debugger/architecture.ts';
import { exceptionFilters } from '../debugger/exception-filters.ts';
import { pstateFields } from '../debugger/registers.ts';
import { request } from './request.ts';

const general = [...Array.from({ length: 31 }, (_, n) => `x${n}`), 'sp', 'pc', 'lr'];
const facts = ['el', 'pe', 'position', 'vmid', 'from', 'to', 'ec', 'iss', 'esr', 'far', 'ipa'];
const limit = 200;

export const completions = request('completions', {
  capabilities: { supportsCompletionsRequest: true, completionTriggerCharacters: ['.', '$', '_'] },
  legalWhile: 'launched',
  needs: { text: 'string', column: 'number' },
  run(session, { text, column }) {
    const end = column - (session.client.columnsStartAt1 === false ? 0 : 1);
    const before = text.slice(0, end);
    const word = /(?:([A-Za-z_]\w*)\.)?([A-Za-z_$]\w*)?$/.exec(before);
    const prefix = word?.[2]?.replace(/^\$/, '') ?? '';
    const start = end - prefix.length;
    const item = (
      label: string,
      type: DebugProtocol.CompletionItemType,
      detail?: string,
    ): DebugProtocol.CompletionItem => ({
      label,
      type,
      start,
      length: prefix.length,
      ...(detail !== undefined && { detail }),
    });
    if (word?.[1] !== undefined) {
      const row = findSystemRegister(word[1]);
      const fields = row?.fields.filter(field => !field.name.startsWith('RES') && matches(field.name, prefix)) ?? [];
      return { targets: fields.map(field => item(field.name, 'field', field.brief)) };
    }
    const { pe, frame } = session.frame(undefined);
    const host = session.debugger.host(pe, frame);
    const targets = [
      ...host.variables
        .filter(({ name }) => matches(name, prefix))
        .map(({ name, typeName }) => item(name, 'variable', typeName)),
      ...[...general, ...Object.keys(pstateFields)]
        .filter(name => matches(name, prefix))
        .map(name => item(name, 'variable')),
      ...facts.filter(name => matches(name, prefix)).map(name => item(name, 'keyword')),
      ...exceptionFilters
        .filter(({ id, classes }) => classes && matches(id, prefix))
        .map(({ id, label }) => item(id, 'enum', label)),
      ...systemRegisters
        .filter(({ name }) => prefix !== '' && matches(name, prefix))
        .map(({ name, brief }) => item(name, 'property', brief)),
      ...(prefix === ''
        ? []
        : session.debugger.images.symbolsStarting(prefix, limit).map(name => item(name, 'function'))),
    ];
    return { targets: targets.slice(0, limit) };
  },
});

function matches(name: string, prefix: string): boolean {
  return name.toLowerCase().startsWith(prefix.toLowerCase());
}
