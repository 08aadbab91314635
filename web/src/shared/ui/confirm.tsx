import './confirm.css';
import type { ReactNode } from 'react';
import { Dialog } from 'react-aria-components/Dialog';
import { Heading } from 'react-aria-components/Heading';
import { Modal, ModalOverlay } from 'react-aria-components/Modal';
import { useSharedWords } from '../i18n/speech.tsx';
import { Button } from './controls.tsx';
import { Icon } from './icons.tsx';
import { useBackCloses } from './use-back.ts';

interface ConfirmProps {
  title: string;
  isOpen: boolean;
  onClose: () => void;
  children: ReactNode;
}

/** A question of our own instead of the browser's; Escape, Back and a click outside close it. */
export function ConfirmDialog({ title, isOpen, onClose, children }: ConfirmProps) {
  const shared = useSharedWords();
  useBackCloses(isOpen, onClose);
  return (
    <ModalOverlay className="overlay" isOpen={isOpen} onOpenChange={(open) => !open && onClose()} isDismissable>
      <Modal className="raised modal">
        <Dialog className="dialog">
          <div className="dialog-head">
            <Heading slot="title">{title}</Heading>
            <Button weight="quiet" className="icon-button" aria-label={shared.close} onPress={onClose}>
              <Icon>
                <path d="M3.5 3.5l9 9M12.5 3.5l-9 9" />
              </Icon>
            </Button>
          </div>
          {children}
        </Dialog>
      </Modal>
    </ModalOverlay>
  );
}

/** The buttons below a question, the one that acts last. */
export function DialogActions({ children }: { children: ReactNode }) {
  return <div className="dialog-actions">{children}</div>;
}
