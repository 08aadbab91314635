import { Component, type ReactNode } from 'react';
import { useSharedWords } from '../i18n/speech.tsx';
import { Button } from './controls.tsx';

interface FenceProps {
  children: ReactNode;
}

/**
 * Error boundary: what cannot render, or load after a release has replaced its file, says so, and all around it stays.
 * With another key it starts anew.
 */
export function Fence({ children }: FenceProps) {
  const words = useSharedWords();
  return <Boundary words={words}>{children}</Boundary>;
}

class Boundary extends Component<FenceProps & { words: { failed: string; reload: string } }, { failed: boolean }> {
  override state = { failed: false };
  static getDerivedStateFromError() {
    return { failed: true };
  }
  override render() {
    const { words, children } = this.props;
    if (!this.state.failed) return children;
    return (
      <div className="empty" role="alert">
        <p>{words.failed}</p>
        <Button onPress={() => location.reload()}>{words.reload}</Button>
      </div>
    );
  }
}
