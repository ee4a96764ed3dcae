/** Runs the steps of a longer task, and prints one line with the duration of each. */
export class Stages {
  /** Names of the stages that failed so far. */
  readonly failed: string[] = [];

  /**
   * Runs one stage.
   *
   * @param work resolves with a remark for the stage's line or with undefined, and throws if the stage fails
   * @returns whether the stage passed
   */
  async run(name: string, work: () => Promise<string | undefined>): Promise<boolean> {
    const started = performance.now();
    const line = (mark: string, remark = ''): void => {
      const seconds = `${((performance.now() - started) / 1000).toFixed(1)} s`;
      console.log(`${mark} ${name.padEnd(10)} ${seconds.padStart(8)}  ${remark}`.trimEnd());
    };
    try {
      const remark = await work();
      line('✔', remark);
      return true;
    } catch (error) {
      this.failed.push(name);
      line('✖');
      // A plain Error is a message for the user. Any other class is a defect and shows its stack.
      console.log((error as Error).constructor === Error ? (error as Error).message : error);
      return false;
    }
  }
}
