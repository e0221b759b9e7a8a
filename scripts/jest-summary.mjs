/** Prints the one line that continuous integration reads, last. */
export default class Summary {
  onRunComplete(_contexts, results) {
    const crashed = results.testResults.filter((r) => r.testExecError).length;
    const failed = results.numFailedTests + crashed;
    const skipped = results.numPendingTests + results.numTodoTests;
    for (const suite of results.testResults)
      for (const test of suite.testResults)
        if (test.status === 'pending') console.log(`skipped: ${test.fullName}`);
    this.line = `${results.numPassedTests} passed, ${failed} failed, ${skipped} skipped`;
    process.once('exit', () => console.log(this.line));
  }

  getLastError() {}
}
