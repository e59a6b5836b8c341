/** What others may write into a name, a message or a webhook to make a page do something: more than a hundred texts. */
const act = "document.documentElement.dataset.ran=1"

const elements = [
  `<script>${act}</script>`,
  `<img src=x onerror="${act}">`,
  `<svg onload="${act}">`,
  `<svg><script>${act}</script></svg>`,
  `<svg><animate onbegin="${act}" attributeName=x dur=1s>`,
  `<iframe srcdoc="<script>parent.${act}</script>">`,
  `<iframe src="javascript:parent.${act}">`,
  `<object data="data:text/html,<script>${act}</script>">`,
  `<embed src="javascript:${act}">`,
  `<body onload="${act}">`,
  `<video><source onerror="${act}"></video>`,
  `<audio src=x onerror="${act}">`,
  `<details open ontoggle="${act}">`,
  `<input autofocus onfocus="${act}">`,
  `<select autofocus onfocus="${act}">`,
  `<a href="javascript:${act}">x</a>`,
  `<form action="javascript:${act}"><button>x</button></form>`,
  `<base href="https://evil.example/">`,
  `<link rel=stylesheet href="https://evil.example/x.css">`,
  `<meta http-equiv="refresh" content="0;url=https://evil.example">`,
  `<style>@import "https://evil.example/x.css";</style>`,
  `<math><mi xlink:href="javascript:${act}">x</mi></math>`,
  `<template><img src=x onerror="${act}"></template>`,
  `<noscript><p title="</noscript><img src=x onerror=${act}>">`,
  `<marquee onstart="${act}">x</marquee>`
]
/** As it is, out of an attribute, out of an element, in capitals. */
const surroundings: ReadonlyArray<(element: string) => string> = [
  (element) => element,
  (element) => `"'>${element}`,
  (element) => `</title></textarea></script>${element}`,
  (element) => element.replace(/^<\w+/, (tag) => tag.toUpperCase())
]
const others = [
  `javascript:${act}`,
  `data:text/html,<script>${act}</script>`,
  `{{constructor.constructor("${act}")()}}`,
  `\${${act}}`,
  `"-${act}-"`,
  `';${act};//`,
  `<!--<img src="--><img src=x onerror=${act}//">`,
  `<![CDATA[<script>${act}</script>]]>`,
  `&lt;img src=x onerror=${act}&gt;`,
  "\u202Etxt.exe\u202C",
  "\u0000null\u0007bell",
  "\uFEFF\u200B\u200D",
  "\uD83D lone surrogate",
  "Z̷̡a̴l̶g̸o̵".repeat(20),
  "ﷺ".repeat(50),
  "A".repeat(2000),
  "../../../etc/passwd",
  '=HYPERLINK("https://evil.example")',
  "%3Cscript%3E",
  "👩‍👩‍👧‍👦".repeat(40)
]

export const hostileTexts: ReadonlyArray<string> = [
  ...elements.flatMap((element) => surroundings.map((around) => around(element))),
  ...others
]
