import { run } from "./Run.ts"
const [from, to] = process.argv.slice(2).map(Number)
const t = performance.now()
let bad = 0
const by = new Map<string, Array<number>>()
for (let seed = from!; seed < to!; seed++) {
  const v = run(seed)
  if (v.violation) { bad++; const k = v.violation.message.replace(/[0-9]+/g,"N").slice(0,110); by.set(k, [...(by.get(k)??[]), seed]) }
  if (to! - from! === 1) { process.stdout.write(v.lines.slice(-(+(process.env.LINES_N ?? 200))).join("\n") + "\n" + v.faultsOn.join("; ") + "\n" + (v.violation?.message ?? "ok") + "\n" + v.hash() + " " + v.steps + "\n") }
}
process.stdout.write(`${bad} bad, ${((to!-from!)/(performance.now()-t)*1000).toFixed(1)}/s\n`)
for (const [k, s] of [...by].sort((a,b)=>b[1].length-a[1].length)) process.stdout.write(`${s.length}  ${k}  ${s.slice(0,4).join(",")}\n`)
