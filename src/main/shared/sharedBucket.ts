import { DuckDBInstance, type DuckDBConnection } from '@duckdb/node-api'
import { AppError } from '../../shared/errors'
import { firstLine, sqlString } from './sharedCheck'

/** What names an S3 service and its keys, as its own tools read it; keys are never stored or shown. */
const variables = [
  ['AWS_ACCESS_KEY_ID', 's3_access_key_id'],
  ['AWS_SECRET_ACCESS_KEY', 's3_secret_access_key'],
  ['AWS_SESSION_TOKEN', 's3_session_token'],
  ['AWS_REGION', 's3_region']
] as const

/**
 * Loads DuckDB's httpfs and passes keys and address of the service on from the environment.
 *
 * @throws tool.missing where the extension is not installed
 */
export async function prepareBucket(
  connection: DuckDBConnection,
  folder: string,
  environment: NodeJS.ProcessEnv
): Promise<void> {
  try {
    await connection.run('LOAD httpfs')
  } catch (cause) {
    throw await noExtension(connection, folder, cause)
  }
  for (const [variable, setting] of variables) {
    const value = environment[variable]
    if (value !== undefined && value !== '') await connection.run(`SET ${setting} = ${sqlString(value)}`)
  }
  const address = environment['AWS_ENDPOINT_URL_S3'] ?? environment['AWS_ENDPOINT_URL'] ?? ''
  if (address === '') return
  const isPlain = address.startsWith('http://')
  await connection.run(
    `SET s3_endpoint = ${sqlString(address.replace(/^https?:\/\//, '').replace(/\/$/, ''))}`
  )
  await connection.run(`SET s3_use_ssl = ${!isPlain}`)
  // Services beside Amazon's know buckets as paths, not as names of hosts.
  await connection.run(`SET s3_url_style = 'path'`)
}

/** Downloads the extension from DuckDB's own site. @throws tool.failed */
export async function installHttpfs(): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:')
  const connection = await instance.connect()
  try {
    await connection.run('INSTALL httpfs')
  } catch (cause) {
    throw new AppError(
      'tool.failed',
      `DuckDB's extension httpfs could not be installed: ${firstLine(cause)}`,
      'This needs access to extensions.duckdb.org. Without it, mount the bucket as a folder and name that.',
      { cause }
    )
  } finally {
    connection.closeSync()
    instance.closeSync()
  }
}

async function noExtension(connection: DuckDBConnection, folder: string, cause: unknown): Promise<AppError> {
  const reader = await connection.runAndReadAll('SELECT version() AS version')
  const version = String(reader.getRowsJS()[0]?.[0] ?? '')
  return new AppError(
    'tool.missing',
    `${folder} needs DuckDB's extension httpfs, which is not installed for DuckDB ${version}: ${firstLine(cause)}`,
    'Install it with "bitbench shared use s3://… --install" where extensions.duckdb.org can be reached, or mount the bucket as a folder and name that.',
    { cause }
  )
}

/** What keeps a bucket from being read, from an error of DuckDB's httpfs. */
export function bucketError(folder: string, cause: unknown): AppError {
  const said = firstLine(cause)
  // Names of folders and addresses may hold such numbers too.
  const own = said.replace(/'[^']*'|"[^"]*"|\S+:\/\/\S+/g, '')
  const hint = /\b40[13]\b/.test(own)
    ? 'The service refuses these keys: check AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and AWS_SESSION_TOKEN, and that they may list the bucket.'
    : /\b404\b/.test(own)
      ? 'The service knows no such bucket: check its name and AWS_ENDPOINT_URL.'
      : 'Check AWS_ENDPOINT_URL, AWS_REGION and the network.'
  return new AppError('remote.unreachable', `${folder} could not be read: ${said}`, hint, { cause })
}
