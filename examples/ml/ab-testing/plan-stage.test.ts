import { expect, it } from 'vitest';
import { type Command, planStage } from './plan-stage.ts';

const LIVE = {
  revision: 7,
  live: '3',
  earlier: ['1', '2'],
  trial: null,
};

it('takes a version through the shadow and two shares to live, and back', () => {
  const commands: Command[] = [
    { to: 'shadow', candidate: '4' },
    { to: 'canary', share: 0.1 },
    { to: 'canary', share: 0.5 },
    { to: 'live' },
    { to: 'rollback' },
    { to: 'rollback' },
  ];
  let stage: Parameters<typeof planStage>[0] = LIVE;
  const seen = commands.map((command) => {
    const next = planStage(stage, command);
    stage = { ...stage, ...next, revision: stage.revision + 1 };
    return next;
  });

  const { live, earlier } = LIVE;
  const trial = { candidate: '4', number: 8, share: 0 };
  expect(seen).toEqual([
    { live, earlier, trial },
    // Who met the shadow has not met the canary: another trial.
    { live, earlier, trial: { ...trial, number: 9, share: 0.1 } },
    { live, earlier, trial: { ...trial, number: 9, share: 0.5 } },
    { live: '4', earlier: ['1', '2', '3'], trial: null },
    { live: '3', earlier: ['1', '2'], trial: null },
    { live: '2', earlier: ['1'], trial: null },
  ]);
});

it('ends a trial by a rollback, and goes back no further', () => {
  const trial = { candidate: '4', number: 9, share: 0.1 };
  const { live, earlier } = LIVE;

  expect(planStage({ ...LIVE, trial }, { to: 'rollback' })).toEqual({
    live,
    earlier,
    trial: null,
  });
});

it('has an earlier version only once among those to go back to', () => {
  const trial = { candidate: '1', number: 9, share: 0.1 };

  expect(planStage({ ...LIVE, trial }, { to: 'live' })).toEqual({
    live: '1',
    earlier: ['2', '3'],
    trial: null,
  });
});

it('refuses what does not fit the stage', () => {
  const shadow = { candidate: '4', number: 8, share: 0 };
  const canary = { candidate: '4', number: 9, share: 0.25 };
  const refused: [object, Command][] = [
    [{}, { to: 'shadow', candidate: '3' }],
    [{}, { to: 'canary', share: 0.1 }],
    [{}, { to: 'live' }],
    [{ earlier: [] }, { to: 'rollback' }],
    [{ trial: shadow }, { to: 'shadow', candidate: '5' }],
    [{ trial: shadow }, { to: 'live' }],
    [{ trial: shadow }, { to: 'canary', share: 0 }],
    [{ trial: canary }, { to: 'canary', share: 0.25 }],
    [{ trial: canary }, { to: 'canary', share: 0.51 }],
    [{ trial: canary }, { to: 'canary', share: Number.NaN }],
  ];

  for (const [more, command] of refused)
    expect(planStage({ ...LIVE, ...more }, command)).toBeUndefined();
});
