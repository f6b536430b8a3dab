/** What must not leave a machine in a report. */
export interface Secrets {
  /** Home folder, data folder and the like. */
  readonly folders: readonly string[]
  /** Names of the user and of the machine. */
  readonly names: readonly string[]
  /** Access tokens in use. */
  readonly tokens: readonly string[]
}

/**
 * Text without tokens, paths, and names of users and machines, for a report that is pasted in public. Rather too much is
 * taken out than too little: every path, every address but the loopback's and every long run of code letters is replaced,
 * known or not.
 */
export function redact(text: string, secrets: Secrets): string {
  // A letter with an accent may come as one character or as two.
  let clean = text.normalize('NFC')
  for (const token of longestFirst(secrets.tokens)) clean = clean.replaceAll(token, '<token>')
  clean = withoutHosts(withoutTokens(clean))
  clean = withoutPaths(clean, secrets.folders)
  for (const name of longestFirst(secrets.names)) clean = withoutName(clean, name)
  return clean.replaceAll(/(?<![\w-])[A-Za-z0-9_-]{32,}(?![\w-])/g, '<code>')
}

const longestFirst = (texts: readonly string[]): string[] =>
  [...new Set(texts.map((text) => text.normalize('NFC')))]
    .filter((text) => text.length > 1)
    .sort((a, b) => b.length - a.length)

/** What stands where a password or a token is expected, and the beginnings by which services mark theirs. */
const withoutTokens = (text: string): string =>
  text
    .replaceAll(/(token[=:]\s*|Bearer\s+|Basic\s+|bitbench\.)[\w.~+/%-]{8,}=*/gi, '$1<token>')
    .replaceAll(
      /((?:pass(?:word|wd|phrase)?|pwd|secret|api[_-]?key|access[_-]?key)["']?\s*[=:]\s*["']?)(?!<token>)[^\s"',;&]{3,}/gi,
      '$1<token>'
    )
    .replaceAll(/(?<!\w)(?:(?:gh[opsu]|hf|github_pat|xox[a-z]|sk)[_-]\w{6,}|AKIA\w{12,})/g, '<token>')

/** Endings of names of machines that are not endings of files. */
const domains =
  'com|org|net|edu|gov|mil|info|dev|cloud|local|localdomain|lan|internal|intern|home|corp|box|arpa|example|eu|de|at|ch|fr|uk|nl|cn|jp|kr|tw|us|ca|au'
const octet = '(?:25[0-5]|2[0-4]\\d|1?\\d?\\d)'
const domainName = new RegExp(`(?<![\\w.-])(?:[a-z0-9_-]+\\.)+(?:${domains})(?![\\w-])`, 'gi')
const ipv4 = new RegExp(`(?<![\\w.])(?!127\\.|0\\.0\\.0\\.0)${octet}(?:\\.${octet}){3}(?![\\w.]*\\d)`, 'g')
/** Six groups, as of a network card, or fewer around "::", which is no time of day. */
const colonAddress =
  /(?<![\w:])(?:(?:[0-9a-f]{1,4}:){5,7}[0-9a-f]{1,4}|[0-9a-f]{1,4}(?::[0-9a-f]{1,4})*::[0-9a-f:]*)(?![\w:])/gi
const loopback = /^(?:127\.[\d.]+|localhost|\[::1\])(?::\d+)?$/i

/** Of an address only its scheme stays, and the port of this machine. */
function withoutHosts(text: string): string {
  return text
    .replaceAll(
      /(?<![\w.+-])([a-z][a-z0-9+.-]*:\/\/)(?:[^\s/@"'`]+@)?(\[[\da-f:.]+\](?::\d+)?|[^\s/"'`,;)\]}<>]+)([^\s"'`,;)\]}]*)/gi,
      (whole, scheme: string, host: string, rest: string) => {
        if (/^(?:file|virtual|bitbench):/i.test(scheme)) return whole
        return `${scheme}${loopback.test(host) ? host : '<host>'}${/^\/?$/.test(rest) ? rest : '/<path>'}`
      }
    )
    .replaceAll(/(?<![\w.+<-])[\w.+-]+@(?:[\w-]+\.)*[\w-]+/g, '<user>@<host>')
    .replaceAll(domainName, '<host>')
    .replaceAll(ipv4, '<host>')
    .replaceAll(colonAddress, '<host>')
}

/** Endings of files: a name in front of one belongs to the path before it, and a slash before one makes a path. */
const endings =
  'onnx|tflite|csv|parquet|elf|bin|bit|npz|npy|jsonl?|txt|md|png|jpe?g|bmp|wav|zip|bbsession|log|py|[cm]?[tj]s|vue|c|h|s|v|so|node|duckdb|pt|pth|html|svg'
const cutName = new RegExp(
  `<path>(?: [^\\s"'\`/\\\\<>]+){0,3} ?[^\\s"'\`/\\\\<>]*\\.(?:${endings})(?!\\w)`,
  'gi'
)
const relative = new RegExp(
  `(?<![\\w<>/.-])(?:\\.{1,2}[\\\\/][^\\s"'\`,;)\\]}]+|[\\w.@~-]+(?:[\\\\/][\\w.@~-]+)+\\.(?:${endings})(?!\\w))`,
  'gi'
)

function withoutPaths(text: string, folders: readonly string[]): string {
  // What stands in quotes may hold spaces; the rest of a path ends at one.
  let clean = text
    .replaceAll(/(["'`])(?:file:\/\/)?(?:~|[A-Za-z]:)?[\\/][^"'`\n]*\1/gi, '$1<path>$1')
    .replaceAll(/file:\/\/[^\s"'`)]+/gi, '<path>')
    .replaceAll(/(?<![\w.~%-])[\w.~-]*%(?:2F|5C)[\w.~%-]*/gi, '<path>')
  for (const folder of longestFirst(folders)) clean = withoutFolder(clean, folder)
  return (
    clean
      .replaceAll(/(?<![\w>.:/])(?:~|[A-Za-z]:|\\\\[\w.-]+)?[\\/][\w.@~-][^\s"'`,;)\]}]*/g, '<path>')
      // A name with a space has cut a path short: its end still holds a slash, or the ending of a file.
      .replaceAll(/<path>(?: [^\s"'`/\\]+){0,2} [^\s"'`]*[\\/][^\s"'`]*/g, '<path>')
      .replaceAll(relative, '<path>')
      .replaceAll(cutName, '<path>')
  )
}

/** A folder with what is below it. */
const withoutFolder = (text: string, folder: string): string =>
  text.replaceAll(new RegExp(`${escaped(folder)}(?:[\\\\/][^\\s"'\`,;)\\]}]*)?`, 'gi'), '<path>')

/** A name as a whole word, whatever its case. */
const withoutName = (text: string, name: string): string =>
  text.replaceAll(new RegExp(`(?<![\\p{L}\\p{N}])${escaped(name)}(?![\\p{L}\\p{N}])`, 'giu'), '<name>')

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\/]/g, '\\$&')
