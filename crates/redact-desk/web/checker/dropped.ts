// The files that a person chose or dropped, with their paths: folders are walked.
import type { FoundFile } from './protocol';

/** What Chromium has; in a page from a disk, it reads nothing through `webkitGetAsEntry`. */
interface HandledItem extends DataTransferItem {
  getAsFileSystemHandle?(): Promise<FileSystemHandle | null>;
}

/** The files of an `<input>`: of a folder, or by themselves. */
export function chosenFiles(input: HTMLInputElement): FoundFile[] {
  return [...(input.files ?? [])].map((file) => ({
    path: file.webkitRelativePath || file.name,
    file,
  }));
}

/** All files of what was dropped, folders walked. Throws if the browser cannot read them. */
export async function droppedFiles(items: DataTransferItemList): Promise<FoundFile[]> {
  const files = [...items].filter((item) => item.kind === 'file');
  // The list is empty after the first wait, so everything is taken before it.
  const taken = files.map(async (item: HandledItem) => {
    const entry = item.webkitGetAsEntry();
    if (item.getAsFileSystemHandle !== undefined) {
      const handle = await item.getAsFileSystemHandle();
      return handle === null ? [] : walkHandle(handle, '');
    }
    return entry === null ? [] : walk(entry);
  });
  return (await Promise.all(taken)).flat();
}

async function walkHandle(handle: FileSystemHandle, folder: string): Promise<FoundFile[]> {
  const path = `${folder}${handle.name}`;
  if (handle.kind === 'file') {
    return [{ path, file: await (handle as FileSystemFileHandle).getFile() }];
  }
  const found: FoundFile[] = [];
  for await (const inner of (handle as FileSystemDirectoryHandle).values()) {
    found.push(...(await walkHandle(inner, `${path}/`)));
  }
  return found;
}

async function walk(entry: FileSystemEntry): Promise<FoundFile[]> {
  if (entry.isFile) {
    const one = entry as FileSystemFileEntry;
    const file = await new Promise<File>((done, fail) => one.file(done, fail));
    return [{ path: entry.fullPath.replace(/^\//, ''), file }];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const found: FoundFile[] = [];
  for (;;) {
    // A folder comes in parts; the last is empty.
    const part = await new Promise<FileSystemEntry[]>((done, fail) =>
      reader.readEntries(done, fail),
    );
    if (part.length === 0) return found;
    for (const inner of part) found.push(...(await walk(inner)));
  }
}
