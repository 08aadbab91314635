import './file-drop.css';
import type { ReactNode } from 'react';
import { DropZone } from 'react-aria-components/DropZone';
import { FileTrigger } from 'react-aria-components/FileTrigger';
import { useWords } from '../../shared/i18n/speech.tsx';
import { Button } from '../../shared/ui/controls.tsx';
import { fleetWords } from './words.ts';

interface FileDropProps {
  /** What its button says. */
  choose: string;
  isDisabled: boolean;
  onFile: (file: File) => void;
  children?: ReactNode;
}

/** Where a file of lines is chosen or dropped. */
export function FileDrop({ choose, isDisabled, onFile, children }: FileDropProps) {
  const words = useWords(fleetWords);
  return (
    <DropZone
      className="drop-zone"
      aria-label={words.dropFile}
      isDisabled={isDisabled}
      getDropOperation={() => 'copy'}
      onDrop={({ items }) => {
        const file = items.find((item) => item.kind === 'file');
        if (file) void file.getFile().then(onFile);
      }}
    >
      <FileTrigger
        acceptedFileTypes={['.csv', 'text/csv', 'text/plain']}
        onSelect={(files) => {
          const [file] = files ?? [];
          if (file) onFile(file);
        }}
      >
        <Button weight="plain" isDisabled={isDisabled}>
          {choose}
        </Button>
      </FileTrigger>
      <span className="aside">{words.dropFile}</span>
      {children}
    </DropZone>
  );
}
