import { assert, describe, it } from "@effect/vitest"
import { Result } from "effect"
import { findElement, parseXml } from "../src/StrictXml.ts"

const nested = (depth: number) => "<a>".repeat(depth) + "</a>".repeat(depth)
const problem = (xml: string) => Result.match(parseXml(xml), { onSuccess: () => "accepted", onFailure: (code) => code })

describe("strict XML", () => {
  it.each([
    ["a document type", "<!DOCTYPE Lead><Lead/>", "doctype"],
    ["a document type in small letters", "<!doctype Lead><Lead/>", "doctype"],
    ["entities that expand", '<!DOCTYPE l [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><l>&b;</l>', "doctype"],
    ["an entity from a file", '<!DOCTYPE l [<!ENTITY x SYSTEM "file:///etc/passwd">]><l>&x;</l>', "doctype"],
    ["an entity that nobody declared", "<l>&nbsp;</l>", "syntax"],
    ["a text that ends early", "<Lead><LeadID>2481", "syntax"],
    ["an element that does not end", "<Lead><LeadID>248199</LeadID>", "syntax"],
    ["a second root", "<Lead/><Lead/>", "syntax"],
    ["text after the root", "<Lead/>248199", "syntax"],
    ["an attribute twice", '<Lead id="1" id="2"/>', "syntax"],
    ["end tags that cross", "<a><b></a></b>", "syntax"],
    ["plain text", "Success Lead #248199", "syntax"],
    ["nothing", "", "syntax"],
    ["a NUL", "<l>\u0000</l>", "syntax"],
    ["65 levels", nested(65), "depth"],
    ["50,000 levels", nested(50_000), "depth"],
    ["more than 1 MiB of text in an element", `<l>${"x".repeat(1024 * 1024 + 1)}</l>`, "text-too-long"],
    ["the same in pieces", `<l>${"<![CDATA[xxxx]]>".repeat(262_145)}</l>`, "text-too-long"]
  ])("refuses %s", (_, xml, expected) => {
    assert.strictEqual(problem(xml), expected)
  })

  it.each([
    ["64 levels", nested(64)],
    ["1 MiB of text", `<l>${"x".repeat(1024 * 1024)}</l>`],
    ["a declaration", '<?xml version="1.0" encoding="utf-8"?><Lead/>'],
    ["a name of a built-in property", "<__proto__><constructor/></__proto__>"]
  ])("takes %s", (_, xml) => {
    assert.strictEqual(problem(xml), "accepted")
  })

  it("gives elements with attributes and their own text, entities of XML itself resolved", () => {
    const root = Result.getOrThrow(parseXml('<Lead at="1"><Status>A &amp; B &#233;<![CDATA[ <x>]]></Status></Lead>'))
    assert.deepStrictEqual({ ...root.attributes }, { at: "1" })
    assert.strictEqual(findElement(root, "status")?.text, "A & B é <x>")
    assert.isUndefined(findElement(root, "LeadID"))
  })
})
