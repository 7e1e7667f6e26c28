// Compiles the files on standard input, and prints what is wrong with them. Nothing of them is run.
const fs = require("fs");
const vm = require("vm");

const LENGTH = 16;
// What the compiler says of a module that it reads as CommonJS.
const IS_MODULE = /^(Cannot use import statement outside|Unexpected token 'export'|Cannot use 'import\.meta' outside)/;
const COMPILE_MODULE =
  "new (require('vm').SourceTextModule)(require('fs').readFileSync(0, 'utf8'), { identifier: 'code' })";
const MODULES = ["--no-warnings", "--experimental-vm-modules"];
// Each takes a process of its own.
const MOST_PLACES = 20;
const MOST_COLUMNS = 1000;

const lines = [process.versions.node];
let places = 0;

function read(size) {
  const bytes = Buffer.alloc(size);
  let length = 0;
  for (let got = 1; got > 0 && length < size; length += got) {
    got = fs.readSync(0, bytes, length, size - length, null);
  }
  return bytes.toString("utf8", 0, length);
}

function failure(compile) {
  try {
    compile();
  } catch (error) {
    if (error.name === "SyntaxError") return error;
  }
  return undefined;
}

function commonJs(code) {
  const names = ["exports", "require", "module", "__filename", "__dirname"];
  const error = failure(() => vm.compileFunction(code, names, { filename: "code" }));
  return error && { message: error.message, trace: error.stack };
}

function asModule(code) {
  const error = failure(() => new vm.SourceTextModule(code, { identifier: "code" }));
  return error && { message: error.message, trace: modulePlace(code) };
}

// Node.js tells the place of an error in a module only as it ends because of it.
function modulePlace(code) {
  places += 1;
  if (places > MOST_PLACES) return "";
  const run = require("child_process").spawnSync(process.execPath, [...MODULES, "-e", COMPILE_MODULE], { input: code });
  return String(run.stderr);
}

function either(code) {
  const error = commonJs(code);
  if (!error) return undefined;
  const other = failure(() => new vm.SourceTextModule(code, { identifier: "code" }));
  if (!other) return undefined;
  return IS_MODULE.test(error.message) ? asModule(code) : error;
}

function note(number, { message, trace }) {
  // At the end of a file there is nothing to mark.
  const place = /^code:(\d+)\n([^\n]*)\n([ \t]*)(\^*)/m.exec(trace) || [0, 0, "", "", ""];
  const [, line, source, before, marks] = place;
  // Node.js counts the halves of characters, and in a long line stops counting.
  const isKnown = line && before.length < MOST_COLUMNS;
  const column = isKnown ? [...source.slice(0, before.length)].length + 1 : 0;
  const length = isKnown ? marks.length : 0;
  lines.push([number, line, column, length, message.replace(/\s+/g, " ")].join("\t"));
}

const COMPILERS = { c: commonJs, m: asModule, e: either };
for (let number = 0, head = read(LENGTH); head; number += 1, head = read(LENGTH)) {
  const code = read(Number(head.slice(1))).replace(/^\uFEFF/, "");
  const found = COMPILERS[head[0]](code);
  if (found) note(number, found);
}
process.stdout.write(lines.join("\n"));
