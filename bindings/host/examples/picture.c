/* Paints the picture that `make run` works on: picture OUT.png [WIDTH HEIGHT]. Mountains under an
 * evening sky, with a low sun left of the middle and a meadow with flowers in front, so that
 * cropping, mirroring and exchanging channels can be told apart at a glance. The same bytes every
 * time. */
#include <math.h>
#include <png.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct colour {
    double r, g, b;
} colour;

static colour mix(colour a, colour b, double t) {
    t = t < 0 ? 0 : t > 1 ? 1 : t;
    return (colour){a.r + (b.r - a.r) * t, a.g + (b.g - a.g) * t, a.b + (b.b - a.b) * t};
}

/* How much of a pixel lies inside, when its middle is `distance` pixels inside the edge. */
static double cover(double distance) {
    return distance + 0.5;
}

static colour sky(double x, double y) {
    const colour high = {38, 52, 120}, low = {255, 170, 96}, sun = {255, 244, 200};
    colour c = mix(high, low, pow(y / 0.50, 1.3));
    double d = hypot(x - 0.36, y - 0.24);
    c = mix(c, sun, 0.75 * exp(-d * d * 28));
    return c;
}

/* Height of mountain range k over x, from the top of the picture. */
static double ridge(int k, double x) {
    return 0.37 + 0.065 * k + 0.050 * sin(5.1 * x + 2.3 * k) + 0.022 * sin(13.7 * x + 4.1 * k) +
           0.009 * sin(37.0 * x + 1.7 * k);
}

/* Colour at pixel (px, py) of a picture w pixels wide; x runs to w / h, y to 1. */
static colour paint(double px, double py, double h) {
    static const colour ranges[] = {{120, 96, 140}, {84, 74, 122}, {50, 58, 92}, {40, 84, 60}};
    static const colour petals[] = {{250, 210, 60}, {240, 90, 90}, {245, 245, 250}};
    double x = px / h, y = py / h;
    colour c = sky(x, y);
    c = mix(c, (colour){255, 236, 170}, cover((0.085 - hypot(x - 0.36, y - 0.24)) * h));
    for (int k = 0; k < 4; k++)
        c = mix(c, ranges[k], cover((y - ridge(k, x)) * h));
    uint32_t seed = 7;
    for (int i = 0; i < 70; i++) {
        double at[2];
        for (int j = 0; j < 2; j++) {
            seed = seed * 1664525u + 1013904223u;
            at[j] = (seed >> 8) / 16777216.0;
        }
        double radius = (0.004 + 0.009 * at[1]) * h, fx = at[0] * 1.7, fy = 0.72 + 0.27 * at[1];
        c = mix(c, petals[i % 3], cover(radius - hypot(x - fx, y - fy) * h));
    }
    return c;
}

int main(int argc, char **argv) {
    if (argc != 2 && argc != 4) {
        fputs("usage: picture OUT.png [WIDTH HEIGHT]\n", stderr);
        return EXIT_FAILURE;
    }
    unsigned long w = 640, h = 400;
    if (argc == 4) {
        w = strtoul(argv[2], NULL, 10);
        h = strtoul(argv[3], NULL, 10);
    }
    unsigned char *pixels = (w > 0 && h > 0 && w < 20000 && h < 20000) ? malloc(w * h * 4) : NULL;
    if (pixels == NULL) {
        fputs("picture: no such size\n", stderr);
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < w * h; i++) {
        colour c = paint((double)(i % w), (double)(i / w), (double)h);
        pixels[4 * i] = (unsigned char)lround(c.r);
        pixels[4 * i + 1] = (unsigned char)lround(c.g);
        pixels[4 * i + 2] = (unsigned char)lround(c.b);
        pixels[4 * i + 3] = 255;
    }
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)w,
                       .height = (png_uint_32)h,
                       .format = PNG_FORMAT_RGBA};
    int ok = png_image_write_to_file(&image, argv[1], 0, pixels, 0, NULL);
    if (!ok)
        fprintf(stderr, "picture: %s: %s\n", argv[1], image.message);
    free(pixels);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
