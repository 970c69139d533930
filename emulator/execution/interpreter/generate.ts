/**
 * Generates the interpreter: one WebAssembly module from the instruction rows.
 *
 * `run` is a loop around one `br_table` over all handlers, with flags and position in locals; `runExact` is the same
 * loop with an instruction count that stops it after any instruction. Rare handlers are functions of their own.
 */
import type { Instruction } from '../../architecture/instruction.ts';
import type { Helper } from '../../architecture/semantics.ts';
import { type DirectKind, directKinds } from '../direct-operations.ts';
import { Exit } from '../engine.ts';
import { INSTRUCTION_TLB_ENTRIES } from '../instruction-tlb.ts';
import { lowerStatements } from '../lowering/lower.ts';
import { FunctionBody, ModuleBuilder } from '../lowering/module.ts';
import { PAGE_RECORDS_MASK, RECORD_SHIFT, RECORD_SIZE } from '../record.ts';
import {
  FIRST_DIRECT_HANDLER,
  FIRST_VARIANT_HANDLER,
  HANDLER_NOTHING,
  type HandlerPlan,
  planHandlers,
  type Variant,
} from '../variants.ts';
import { emitDirect } from './direct.ts';
import { helperBody, hostHelpersBelow } from './helpers.ts';
import { frequentPairs, isHot } from './hot.ts';
import { DESCRIPTION_SECTION, type Description } from './interpreter.ts';
import { at, type Callees, InterpreterPlace, type Locals } from './place.ts';
import { unalignedAccess } from './unaligned.ts';

/** Generates the module for a set of rows: bytes for `loadInterpreter`. */
export function generateInterpreter(rows: readonly Instruction[]): Uint8Array<ArrayBuffer> {
  const plan = planHandlers(rows, { isHot, pairs: frequentPairs });
  const module = new ModuleBuilder();
  const slowLoad = module.importFunction('slowLoad', ['i64', 'i32'], ['i64']);
  const slowStore = module.importFunction('slowStore', ['i64', 'i64', 'i32'], []);
  const hostHelpers = hostHelpersBelow([...plan.numbers.keys()]);
  const hostIndexes = new Map(hostHelpers.map(h => [h.name, module.importFunction(h.name, h.parameters, [h.result])]));

  const unaligned = (store: boolean) => {
    const define = (size: 2 | 4 | 8): number => {
      const parameters = store ? (['i64', 'i64', 'i32', 'i32'] as const) : (['i64', 'i32', 'i32'] as const);
      const index = module.declareFunction(parameters, store ? [] : ['i64']);
      module.define(index, unalignedAccess(size, parameters, store, store ? slowStore : slowLoad));
      return index;
    };
    return { 2: define(2), 4: define(4), 8: define(8) };
  };

  const systemOperations: string[] = [];
  const helpers = new Map<Helper, number>();
  const callees: Callees = {
    slowLoad,
    slowStore,
    unalignedLoad: unaligned(false),
    unalignedStore: unaligned(true),
    helper: h => {
      const known = helpers.get(h) ?? hostIndexes.get(h.name);
      if (known !== undefined) return known;
      const index = module.declareFunction(h.parameters, [h.result]);
      helpers.set(h, index);
      module.define(index, helperBody(h, callees));
      return index;
    },
    systemOperation: name => {
      const known = systemOperations.indexOf(name);
      return known >= 0 ? known : systemOperations.push(name) - 1;
    },
  };

  // Handlers outside the main function are called through the table, in the order of their numbers.
  const apart = [...plan.withoutFlags, ...plan.withFlags].map(variant => {
    const index = module.declareFunction(['i32'], ['i32']);
    module.define(index, handlerApart(variant, callees));
    return index;
  });
  module.setTable(apart);
  const handlerType = module.type(['i32'], ['i32']);

  for (const [name, exact] of [
    ['run', false],
    ['runExact', true],
  ] as const) {
    const index = module.declareFunction(exact ? ['i32'] : [], ['i32']);
    module.define(index, mainLoop(plan, callees, handlerType, exact));
    module.export(name, index);
  }
  const numberOf = (variant: Variant) => plan.numbers.get(variant) as number;
  const description: Description = {
    handlers: plan.handlers,
    pairs: plan.pairs.map(({ first, second }) => [numberOf(first), numberOf(second)]),
    firstPair: plan.firstPair,
    systemOperations,
    hostHelpers: hostHelpers.map(h => h.name),
  };
  module.custom(DESCRIPTION_SECTION, new TextEncoder().encode(JSON.stringify(description)));
  return module.build();
}

/** A handler as a function of its own: takes the record's address, gives 0 to go on or an exit code. */
function handlerApart(variant: Variant, callees: Callees): FunctionBody {
  const body = new FunctionBody(['i32']);
  const place = new InterpreterPlace(body, { ip: 0 }, callees, variant.layout);
  lowerStatements(variant.statements, variant.variables, place);
  return body.i32(0);
}

function mainLoop(plan: HandlerPlan, callees: Callees, handlerType: number, exact: boolean): FunctionBody {
  const body = new FunctionBody(exact ? ['i32'] : []);
  const remaining = 0;
  const i32 = () => body.local('i32');
  const locals: Locals & { main: NonNullable<Locals['main']> } = {
    ip: i32(),
    main: {
      budgetEnd: i32(),
      tlb: i32(),
      flags: { n: i32(), z: i32(), c: i32(), v: i32() },
      code: i32(),
      next: i32(),
      page: body.local('i64'),
      target: body.local('i64'),
    },
  };
  const { ip, main } = locals;
  const { flags } = main;
  const entry = i32();
  const load32 = (field: Parameters<typeof at>[0], local: number) =>
    body.i32(0).memory('i32.load', at(field)).set(local);
  const store32 = (field: Parameters<typeof at>[0], local: number) =>
    body.i32(0).get(local).memory('i32.store', at(field));
  const loadFlags = () => {
    load32('n', flags.n);
    load32('z', flags.z);
    load32('c', flags.c);
    load32('v_', flags.v);
  };
  const storeFlags = () => {
    store32('n', flags.n);
    store32('z', flags.z);
    store32('c', flags.c);
    store32('v_', flags.v);
  };
  const exit = (code: number) => body.i32(code).set(main.code).branch('exit');

  load32('record', ip);
  load32('budgetEnd', main.budgetEnd);
  load32('tlb', main.tlb);
  body.i32(0).memory('i64.load', at('page')).set(main.page);
  loadFlags();

  const handle = ({ statements, variables, layout }: Variant) =>
    lowerStatements(statements, variables, new InterpreterPlace(body, locals, callees, layout));

  body.block('exit').loop('top').block('lookUp').block('jumpTo').block('jump').block('next');
  // Blocks are opened innermost last; handler i begins where block `h{i}` ends.
  // The exact loop does pairs one by one: it may have to stop between the two.
  const count = exact ? plan.firstPair : plan.firstApart;
  const labels = Array.from({ length: count }, (_, i) => `h${i}`);
  if (exact) for (const { first } of plan.pairs) labels.push(`h${plan.numbers.get(first)}`);
  body.block('apart');
  for (let i = count - 1; i >= 0; i--) body.block(`h${i}`);
  if (exact) {
    body.get(remaining).op('i32.eqz').if('');
    exit(Exit.counted);
    body.end();
    body.get(remaining).i32(1).op('i32.sub').set(remaining);
  }
  body.get(ip).memory('i32.load16_u', 0).tee(main.code);
  body.branchTable(labels, 'apart');
  for (let i = 0; i < count; i++) {
    body.end();
    if (i === 0) exit(Exit.decode);
    else if (i === 1) {
      // The end of a page is not an instruction.
      if (exact) body.get(remaining).i32(1).op('i32.add').set(remaining);
      body.get(main.page).i64(4096n).op('i64.add').set(main.target).branch('lookUp');
    } else if (i === 2) exit(Exit.undefined);
    else if (i === 3) exit(Exit.breakpoint);
    else if (i === HANDLER_NOTHING) body.branch('next');
    else if (i < FIRST_VARIANT_HANDLER) {
      emitDirect(directKinds[i - FIRST_DIRECT_HANDLER] as DirectKind, body, locals, callees.systemOperation);
      body.branch('next');
    } else {
      const pair = plan.pairs[i - plan.firstPair];
      if (pair) {
        handle(pair.first);
        body.get(ip).i32(RECORD_SIZE).op('i32.add').set(ip);
        handle(pair.second);
      } else handle(plan.main[i - FIRST_VARIANT_HANDLER] as Variant);
      body.branch('next');
    }
  }
  body.end(); // apart: `code` is the handler
  const call = () => {
    store32('budgetEnd', main.budgetEnd);
    body.get(ip).get(main.code).i32(plan.firstApart).op('i32.sub').callIndirect(handlerType).set(main.code);
    load32('budgetEnd', main.budgetEnd);
  };
  body.get(main.code).i32(plan.firstWithFlags).op('i32.ge_u').if('');
  storeFlags();
  call();
  loadFlags();
  body.get(main.code).branchIf('exit').branch('next');
  body.end();
  call();
  body.get(main.code).branchIf('exit');
  body.end(); // next
  body.get(ip).i32(RECORD_SIZE).op('i32.add').set(ip).branch('top');
  body.end(); // jump: `next` is the record to go to, in this page or not
  body.get(main.next).get(ip).op('i32.xor').i32(~PAGE_RECORDS_MASK).op('i32.and').op('i32.eqz').if('');
  body.get(main.budgetEnd).get(main.next).op('i32.add').get(ip).i32(RECORD_SIZE).op('i32.add', 'i32.sub');
  body.set(main.budgetEnd).get(main.next).set(ip);
  body.get(main.budgetEnd).get(ip).op('i32.gt_s').branchIf('top');
  exit(Exit.check);
  body.end();
  // Another page: the distance in records is four times that in bytes.
  body.get(main.page);
  body
    .get(ip)
    .i32(PAGE_RECORDS_MASK)
    .op('i32.and')
    .i32(RECORD_SHIFT - 2)
    .op('i32.shr_u', 'i64.extend_i32_u', 'i64.add');
  body
    .get(main.next)
    .get(ip)
    .op('i32.sub')
    .i32(RECORD_SHIFT - 2)
    .op('i32.shr_s', 'i64.extend_i32_s', 'i64.add');
  body.set(main.target);
  body.end(); // jumpTo: `target` is the address to go to
  body.get(main.budgetEnd).i32(RECORD_SIZE).op('i32.sub').set(main.budgetEnd);
  body.end(); // lookUp: the instruction before it is accounted for
  body
    .get(main.target)
    .i64(12n)
    .op('i64.shr_u', 'i32.wrap_i64')
    .i32(INSTRUCTION_TLB_ENTRIES - 1)
    .op('i32.and')
    .i32(4)
    .op('i32.shl');
  body.i32(0).memory('i32.load', at('instructionTlb')).op('i32.add').tee(entry);
  body.memory('i64.load', 0).get(main.target).i64(~0xffcn).op('i64.and').op('i64.ne').if('');
  body.i32(0).get(main.target).memory('i64.store', at('pc'));
  exit(Exit.fetch);
  body.end();
  body.get(main.target).i64(~0xfffn).op('i64.and').set(main.page);
  body.i32(0).get(main.page).memory('i64.store', at('page'));
  body.get(main.budgetEnd).get(ip).op('i32.sub').get(entry).memory('i32.load', 8);
  body
    .get(main.target)
    .op('i32.wrap_i64')
    .i32(0xffc)
    .op('i32.and')
    .i32(RECORD_SHIFT - 2)
    .op('i32.shl', 'i32.add');
  body.tee(ip).op('i32.add').tee(main.budgetEnd).get(ip).op('i32.gt_s').branchIf('top');
  exit(Exit.check);
  body.end(); // top
  body.end(); // exit
  store32('record', ip);
  store32('budgetEnd', main.budgetEnd);
  storeFlags();
  body.get(main.code);
  return body;
}
