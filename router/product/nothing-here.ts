/** What a person sees at an address that is no page, in both languages, because nobody knows theirs yet. */
export const nothingHere = `<!doctype html>
<html lang="ko">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>없는 주소 · 따릉이</title>
    <style>
      body { max-width: 32rem; margin: 15vh auto; padding: 0 1rem; font: 1.125rem/1.6 system-ui, sans-serif; }
      h1, h2 { margin: 0; font-size: 1.5rem; }
      a { color: inherit; }
    </style>
  </head>
  <body>
    <main>
      <h1>이 주소에는 아무것도 없습니다.</h1>
      <p><a href="/">따릉이 첫 화면으로</a></p>
      <section lang="en">
        <h2>There is nothing at this address.</h2>
        <p><a href="/">To the first page of Ttareungi</a></p>
      </section>
    </main>
  </body>
</html>
`;
