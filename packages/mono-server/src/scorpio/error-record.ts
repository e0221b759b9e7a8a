const MAX_TEXT = 1000;

/** Tag 3 of the blob stream: this object failed, the others go on. */
export function errorRecord(oid: string, message: string): Buffer {
  const text = Buffer.from(message.slice(0, MAX_TEXT));
  const record = Buffer.alloc(23 + text.length);
  record[0] = 3;
  record.write(oid, 1, 'hex');
  record.writeUInt16BE(text.length, 21);
  text.copy(record, 23);
  return record;
}
