/** A file that a task reads: its path on this machine and its place below the folder it travels in. */
export interface InputFile {
  /** Below the folder, parts separated by "/". */
  readonly name: string
  readonly path: string
}

/** A task's input without paths: what another machine needs to make the same input. */
export interface PackedTask {
  readonly settings: unknown
  /** Files by the folder they travel in. */
  readonly folders: Readonly<Record<string, readonly InputFile[]>>
  /** True where results differ between machines: such a task stays on its host and carries the host in its key. */
  readonly perHost: boolean
}

/** How one registered task travels. */
export interface SharedTask<Input, Output> {
  /** Null: this input is worked on here, e.g. because it needs files that stay. */
  pack(input: Input): Promise<PackedTask | null>
  /**
   * The input again, with the folders where they lie on this machine.
   * @param content hash of all folders' content, equal on all machines; missing: fits are not shared with other processes
   */
  unpack(settings: unknown, folders: Readonly<Record<string, string>>, content?: string): Input
  /** Checks what came back. @throws when it is no output of this task */
  readOutput(value: unknown): Output
}

/** Tasks that may run on other machines, by name; what is packed under a name goes back to it. */
export type SharedTasks = Readonly<
  Record<
    string,
    {
      pack(input: never): Promise<PackedTask | null>
      unpack(settings: unknown, folders: Readonly<Record<string, string>>, content?: string): unknown
      readOutput(value: unknown): unknown
    }
  >
>
