// @ts-check
// One click a kick. They sound one frame late, so that they keep their distances.

const RATE = 44100;

/**
 * A sound that fades: a short one is a click, a long one a bell.
 * @param {AudioContext} audio
 * @param {number} hertz
 * @param {number} length_s
 */
function soundOf(audio, hertz, length_s) {
  const sound = audio.createBuffer(1, Math.ceil(RATE * length_s), RATE);
  const wave = sound.getChannelData(0);
  for (let i = 0; i < wave.length; i++) {
    const t = i / RATE;
    wave[i] = 0.2 * Math.sin(2 * Math.PI * hertz * t) * Math.exp((-5 * t) / length_s);
  }
  return sound;
}

/** A player of rings: a lane that rings often clicks, one that rings once chimes. */
export function makeClicks() {
  const audio = new AudioContext();
  const [click, chime] = [soundOf(audio, 2400, 0.002), soundOf(audio, 880, 0.6)];
  return {
    /** @param {boolean} often @param {number} after_s  from now */
    ring(often, after_s) {
      const source = audio.createBufferSource();
      source.buffer = often ? click : chime;
      source.connect(audio.destination);
      source.start(audio.currentTime + after_s);
    },
    close: () => audio.close(),
  };
}
