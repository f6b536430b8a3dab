import type { InspectedFile } from '@shared/contract/file'
import { textEncodingOf } from '@shared/textEncoding'
import { fileToBase64, looksLikeElf } from './fileBytes'

/** A file that a field holds: from the browser, or one on the host's machine. */
export type FileChoice = File | InspectedFile

/** A chosen file as the contract takes it: its path on the host, or its name and bytes. */
export async function sourceOf(
  choice: FileChoice
): Promise<{ path: string } | { name: string; base64: string }> {
  return choice instanceof File ? await fileToBase64(choice) : { path: choice.path }
}

/** Whether a chosen file begins as ELF programs do. */
export const choiceIsElf = async (choice: FileChoice): Promise<boolean> =>
  choice instanceof File ? await looksLikeElf(choice) : choice.isElf

/** Size in bytes. */
export const sizeOfChoice = (choice: FileChoice): number =>
  choice instanceof File ? choice.size : choice.sizeBytes

/** A chosen text file: its path on the host, or its name and text. */
export async function textSourceOf(
  choice: FileChoice
): Promise<{ path: string } | { name: string; text: string }> {
  if (!(choice instanceof File)) return { path: choice.path }
  const bytes = new Uint8Array(await choice.arrayBuffer())
  return { name: choice.name, text: new TextDecoder(textEncodingOf(bytes)).decode(bytes) }
}
