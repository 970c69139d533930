import type { Reporter, SerializedError, TestModule } from 'vitest/node';

/**
 * Ends a test run with every skipped test and its reason, and with the counts alone on the last line:
 * `N passed, N failed, N skipped`. A file that cannot be loaded and an error outside of any test count as failed.
 * Under CI nothing may be skipped: a skip then makes the run fail.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: ReadonlyArray<TestModule>, unhandledErrors: ReadonlyArray<SerializedError>): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    const skipped: string[] = [];
    for (const module of modules) {
      let failedHere = 0;
      for (const test of module.children.allTests()) {
        const result = test.result();
        if (result.state === 'passed') passed++;
        else if (result.state === 'failed') failedHere++;
        else if (result.state === 'skipped') {
          skipped.push(`${module.relativeModuleId} > ${test.fullName}: ${result.note ?? 'no reason given'}`);
        }
      }
      if (failedHere === 0 && module.state() === 'failed') failedHere = 1;
      failed += failedHere;
    }
    const lines = skipped.map(skip => `skipped  ${skip}`);
    if (skipped.length > 0 && process.env.CI) {
      process.exitCode = 1;
      lines.push('Nothing may be skipped where CI is set: this run fails.');
    }
    lines.push(`${passed} passed, ${failed} failed, ${skipped.length} skipped`);
    process.stdout.write(`\n${lines.join('\n')}\n`);
  }
}
