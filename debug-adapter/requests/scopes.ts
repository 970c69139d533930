import { guestExitNodes } from '../views/guest-exits.ts';
import { localsOf } from '../views/locals.ts';
import { registerGroups } from '../views/registers.ts';
import { whyAmIHere } from '../views/why-am-i-here.ts';
import { request } from './request.ts';

/** Only one scope may be called registers, so the banks are its children. */
export const scopes = request('scopes', {
  legalWhile: 'stopped',
  needs: { frameId: 'number' },
  run(session, { frameId }) {
    const { pe, frame } = session.frame(frameId);
    const host = session.debugger.host(pe, frame);
    const { variables } = session;
    const scope = (name: string, reference: number, more: { presentationHint?: string; expensive?: boolean } = {}) => ({
      name,
      variablesReference: reference,
      expensive: false,
      ...more,
    });
    const locals = host.variables.length > 0;
    const { guestExits } = session.debugger;
    return {
      scopes: [
        ...(locals
          ? [
              scope(
                'Locals',
                variables.reference(`pe${pe}/frame${frameId}/locals`, () => localsOf(host)),
                { presentationHint: 'locals' },
              ),
            ]
          : []),
        scope(
          'Registers',
          variables.reference(`pe${pe}/${frame.isLive ? 'live' : `frame${frameId}`}/registers`, () =>
            registerGroups(session.debugger, pe, frame),
          ),
          {
            presentationHint: 'registers',
          },
        ),
        scope(
          'Why am I here',
          variables.reference(`pe${pe}/why`, () => whyAmIHere(session.debugger, pe, session.lastStop)),
        ),
        ...(guestExits.isEmpty
          ? []
          : [
              scope(
                'Guest exits',
                variables.reference('exits', () => guestExitNodes(guestExits.causes)),
                { expensive: true },
              ),
            ]),
      ],
    };
  },
});
