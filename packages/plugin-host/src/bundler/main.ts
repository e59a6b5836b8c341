/**
 * Bundles one module, as a process of its own: the bundler takes hundreds of megabytes and gives none of them back, and
 * the host lives for months. Called with the entry and the file to write; what is wrong goes to the error output.
 */
import { rolldown } from "rolldown"

const [input = "", file = ""] = process.argv.slice(2)

try {
  const build = await rolldown({
    input,
    platform: "node",
    onLog: (level, { code, message }, log) => {
      if (code === "UNRESOLVED_IMPORT") throw new Error(message)
      if (level === "warn") return
      log(level, message)
    }
  })
  await build.write({ file, format: "esm", codeSplitting: false, comments: false, minify: { compress: true } })
  await build.close()
} catch (cause) {
  process.stderr.write((cause instanceof Error ? cause.message : "the bundler failed").slice(0, 2000))
  process.exitCode = 1
}
