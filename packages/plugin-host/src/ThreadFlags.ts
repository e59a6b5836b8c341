/**
 * The rights of a plugin's thread, as Node's flags. Given to a thread they stand instead of the parent's own: what is not
 * listed is refused. Files: its own folder and the program; no process, thread, inspector, add-on or WASI; from Node 26
 * on no socket. The working directory of the process stays readable whatever stands here, so the host leaves it for an
 * empty one.
 */
export const threadFlags = (folder: string, program: string): Array<string> => [
  "--permission",
  "--no-experimental-sqlite",
  "--no-warnings",
  `--allow-fs-read=${folder}`,
  `--allow-fs-read=${program}`
]
