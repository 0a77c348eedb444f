/**
 * Typesets mathematics by KaTeX, which is loaded where there is some, and only there. Without it,
 * and where it finds a mistake, a formula stays as it was typed.
 *
 * Whoever wrote a formula may mean no good: nothing in it leads anywhere or loads anything
 * (`trust`), it is neither huge nor long, and it defines nothing, since a few definitions are
 * enough to keep a browser busy for minutes.
 */
const { katex: program, sheet } = document.querySelector("script[data-katex]").dataset;
const WAITING = "code.math:not([data-plain])";
const LONGEST = 5000; // characters
const DEFINES = /\\(?:[egx]?def|let|futurelet|global|long|(?:re)?newcommand|providecommand)(?![a-zA-Z@])/;
const OPTIONS = { trust: false, strict: "ignore", throwOnError: true, errorColor: "var(--bad)", maxSize: 20, maxExpand: 300 };

let loading;

function load() {
  loading ??= new Promise((resolve, reject) => {
    const link = Object.assign(document.createElement("link"), { rel: "stylesheet", href: sheet });
    const script = Object.assign(document.createElement("script"), { src: program, onload: resolve, onerror: reject });
    document.head.append(link, script);
  });
  return loading;
}

/** @param {HTMLElement} code */
function typeset(code) {
  const tex = code.textContent;
  const shown = document.createElement("span");
  shown.className = code.className;
  code.dataset.plain = "";
  if (tex.length > LONGEST || DEFINES.test(tex)) return;
  try {
    globalThis.katex.render(tex, shown, { ...OPTIONS, displayMode: code.classList.contains("display") });
  } catch (error) {
    code.title = error.name === "ParseError" ? error.message : ""; // for who has typed it
    return;
  }
  code.replaceWith(shown);
}

function look() {
  if (!document.querySelector(WAITING)) return;
  load().then(() => document.querySelectorAll(WAITING).forEach(typeset), () => { loading = undefined; });
}

look();
// Parts of some pages are fetched again.
new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
