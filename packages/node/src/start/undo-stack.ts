/** Remembers how to undo what was done, and undoes it in reverse order. */

/** Steps to undo. */
export class UndoStack {
  readonly #steps: { what: string; undo: () => Promise<unknown> }[] = []

  /** Adds a step; the last one added is undone first. */
  push(what: string, undo: () => Promise<unknown>): void {
    this.#steps.push({ what, undo })
  }

  /** Undoes everything; a step that fails is reported and does not stop the others. */
  async run(onFailure: (what: string, error: unknown) => void): Promise<void> {
    for (const { what, undo } of this.#steps.splice(0).reverse()) {
      try {
        await undo()
      } catch (error) {
        onFailure(what, error)
      }
    }
  }
}
